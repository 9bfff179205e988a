"""Compares this project's reading of FER2013's csv with the usual one, side by side.

    python scripts/compare_csv_loading.py fer2013.csv [--runs N]

The usual one is ``pandas.read_csv`` and ``numpy.fromstring`` for each row, here in its fastest
form (``dtype=numpy.uint8``) and in its shortest (numpy's default, float64, cast to uint8
afterwards). All take turns, so that other load on the machine affects all alike. Prints median
seconds, and the speed-up of this project.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_bench.data.formats.csv_files import load_csv

Read = Callable[[Path], NDArray[np.uint8]]


def read_here(path: Path) -> NDArray[np.uint8]:
    """Read images with this project's loader."""
    return load_csv(path).images


def read_usual(path: Path) -> NDArray[np.uint8]:
    """Read images with pandas, each row directly as uint8."""
    rows = pd.read_csv(path, skipinitialspace=True)["pixels"]
    return np.stack([np.fromstring(row, np.uint8, sep=" ") for row in rows]).reshape(-1, 48, 48)


def read_usual_float(path: Path) -> NDArray[np.uint8]:
    """Read images with pandas, each row as float64 first."""
    rows = pd.read_csv(path, skipinitialspace=True)["pixels"]
    images = [np.fromstring(row, sep=" ").astype(np.uint8) for row in rows]
    return np.stack(images).reshape(-1, 48, 48)


def main() -> None:
    """Time all three readers and print median times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("csv", type=Path)
    parser.add_argument("--runs", type=int, default=5, help="turns of each (default: 5)")
    arguments = parser.parse_args()
    readers: dict[str, Read] = {
        "this project": read_here,
        "read_csv + fromstring(dtype=uint8)": read_usual,
        "read_csv + fromstring()": read_usual_float,
    }
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    expected = read_here(arguments.csv)
    for _ in range(arguments.runs):
        for name, read in readers.items():
            start = time.perf_counter()
            images = read(arguments.csv)
            seconds[name].append(time.perf_counter() - start)
            if not np.array_equal(images, expected):
                raise SystemExit(f"{name} reads other images")
    own = statistics.median(seconds["this project"])
    for name, runs in seconds.items():
        median = statistics.median(runs)
        print(f"{name:36} {median:7.2f} s   {median / own:5.1f}")


if __name__ == "__main__":
    main()
