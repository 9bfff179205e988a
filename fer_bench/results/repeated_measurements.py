"""Measurements repeated within one session, for example by plugins that repeat tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_bench.results.schema import KEY

if TYPE_CHECKING:
    from collections.abc import Sequence


def without_repeats(benchmarks: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Remove the fer_bench record of each benchmark that a later one repeats: the last one counts.

    Args:
        benchmarks: benchmarks of a pytest-benchmark file, in the order in which they ran; they are
            not modified.

    Returns:
        The benchmarks, and one message for each repeated measurement.
    """
    places: dict[tuple[Any, ...], list[int]] = {}
    for place, benchmark in enumerate(benchmarks):
        record = benchmark["extra_info"].get(KEY)
        if record is not None:
            measure = record["kind"], record["cell"], record.get("batch_size")
            places.setdefault(measure, []).append(place)
    left = list(benchmarks)
    messages = []
    for (kind, cell, size), found in places.items():
        for place in found[:-1]:
            extra = {
                name: value for name, value in left[place]["extra_info"].items() if name != KEY
            }
            left[place] = {**left[place], "extra_info": extra}
        if len(found) > 1:
            what = kind if size is None else f"{kind} at batch size {size}"
            messages.append(
                f"{what} of {cell} was measured {len(found)} times: the last one counts"
            )
    return left, messages
