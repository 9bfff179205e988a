"""Where this project keeps what it can compute or download again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import platformdirs

from fer_bench.runtime.files import expand_user

if TYPE_CHECKING:
    from pathlib import Path

CACHE_VARIABLE = "FER_BENCH_CACHE"
"""Environment variable that names another folder."""


def cache_root() -> Path:
    """The cache folder: ``FER_BENCH_CACHE`` where set, else the user's own cache folder.

    The folder need not exist; whoever writes into it makes it.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return expand_user(chosen)
    return platformdirs.user_cache_path("fer_bench", appauthor=False)
