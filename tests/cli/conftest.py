from __future__ import annotations

from functools import cache

import pytest


@pytest.fixture(scope="session")
def _drawn():
    """Return cached functions for the figures of runs and of trends."""
    from fer_bench.report import plots

    return cache(plots.figures), cache(plots.trend_figures)


@pytest.fixture
def drawn_once(_drawn, monkeypatch):
    """Let equal reports share their drawings, for tests that do not examine drawing."""
    for name, made in zip(("figures", "trend_figures"), _drawn, strict=True):
        monkeypatch.setattr(
            f"fer_bench.report.plots.{name}", lambda shown, made=made: list(made(shown))
        )
