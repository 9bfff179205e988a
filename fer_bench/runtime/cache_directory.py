"""Location of the cache: data that can be computed or downloaded again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import platformdirs

from fer_bench.runtime.files import expand_user

if TYPE_CHECKING:
    from pathlib import Path

CACHE_VARIABLE = "FER_BENCH_CACHE"
"""Environment variable that overrides the cache directory."""


def cache_root() -> Path:
    """Return ``FER_BENCH_CACHE`` if it is set, otherwise the user's cache directory.

    The directory may not exist yet; code that writes to it creates it.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return expand_user(chosen)
    return platformdirs.user_cache_path("fer_bench", appauthor=False)
