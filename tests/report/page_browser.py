"""Fixtures of the tests that open pages in a real browser."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Opened = tuple[Any, list[str], list[str]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium in PATH (Debian's package chromium has one)")
    with sync_api.sync_playwright() as driver:
        # Chromium's own sandbox does not work for root, as in containers.
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Open a page; return it with its errors and requests."""
    contexts = []

    def opened(address: str, width: int = 1280, **options: Any) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        tab = context.new_page()
        complaints: list[str] = []
        requests: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(address)
        return tab, complaints, requests

    yield opened
    for context in contexts:
        context.close()


def write(directory: Path, text: str) -> str:
    """Write a page and return its address."""
    path = directory / "index.html"
    path.write_text(text, encoding="utf-8")
    return path.as_uri()
