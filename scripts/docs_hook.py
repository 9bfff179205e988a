"""MkDocs hook: adapts files that are written for GitHub's Markdown to that of MkDocs.

It adds pages from outside ``docs`` to the site, and makes links lead to them: in the repository,
links are relative to the file that they stand in.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[1]
PAGES = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
"""Pages of the site and the files of the repository's root that they show."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for name, source in PAGES.items():
        text = (ROOT / source).read_text("utf-8")
        text = text.replace("](docs/", "](").replace("](CONTRIBUTING.md", "](contributing.md")
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return the text of a page with links to pages, and code in tables without escaped bars."""
    for name, source in PAGES.items():
        markdown = markdown.replace(f"](../{source}", f"]({name}")
    return re.sub(r"`[^`\n]+`", lambda code: code[0].replace(r"\|", "|"), markdown)
