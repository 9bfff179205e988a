"""Table of the inference speeds of exported files by runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.report.table import Bracketed, Column, Row, Table
from fer_bench.results.runtime_speeds import quartiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.report.table import Entry
    from fer_bench.results.runtime_speeds import FileSpeed, RuntimeSpeeds


def runtime_table(found: RuntimeSpeeds, labels: Mapping[str, str] | None = None) -> Table:
    """Return a row for each file, with median, quartiles and speed for each batch size.

    Args:
        found: the speeds.
        labels: names of the cells by fingerprint, to show only their files; None for all files,
            named as they are.
    """
    files = [one for one in found.files if labels is None or one.fingerprint in labels]
    sizes = sorted({size for one in files for size in one.batches})
    columns = [Column("runtime", kind="word"), Column("input", kind="word")]
    for size in sizes:
        group = f"batch {size}"
        columns += [
            Column("ms/image", group, style="speed", limits=True, keys=(group, "ms/image")),
            Column("img/s", group, style="speed"),
            Column("speed-up", group, decimals=2),
        ]
    others = [one.file for one in found.files if one not in files]
    versions = dict.fromkeys(f"{one.runtime} {one.version}" for one in files)
    machine = f" on {found.processor}" if found.processor else ""
    return Table(
        key="runtimes",
        title=f"Inference by runtime, threads: {found.threads}",
        head="file" if labels is None else "network",
        columns=tuple(columns),
        rows=tuple(
            Row(
                one.file if labels is None else labels[one.fingerprint],
                (one.runtime, _input(one), *_entries(one, found, sizes)),
                key=f"{one.runtime} {one.file}",
            )
            for one in files
        ),
        notes=(
            "From images in memory to the output, by 'fer-bench benchmark': median of the calls, "
            "in brackets their quartiles. speed-up: Keras' median divided by this one. "
            f"{'; '.join(versions)}{machine}.",
            *([f"Of no cell of these results: {', '.join(others)}."] if others else []),
        ),
    )


def _input(one: FileSpeed) -> str:
    height, width, channels = one.shape
    return f"{height}x{width}x{channels} {one.dtype}"


def _entries(one: FileSpeed, found: RuntimeSpeeds, sizes: list[int]) -> list[Entry]:
    entries: list[Entry] = []
    for size in sizes:
        speed = one.batches.get(size)
        if speed is None:
            entries += [None] * 3
            continue
        median, low, high = (1000 * one / size for one in (speed.median, *quartiles(speed)))
        entries += [Bracketed(median, low, high), speed.images_per_second, found.ratio(one, size)]
    return entries
