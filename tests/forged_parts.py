"""Forged store entries: changed content with digests that match it."""

from __future__ import annotations

import hashlib
import io
import json
import random
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
"""Any JSON value."""

TYPES = ("<f4", "<f8", "<i8", "|u1", "<c8", "<M8[s]", "<U3", "|V4", "|b1")

ARRAYS = st.lists(
    st.builds(
        lambda shape, kind: np.zeros(shape, kind),
        st.lists(st.integers(0, 4), max_size=3),
        st.sampled_from(TYPES),
    ),
    max_size=5,
)


def reseal(directory: Path, name: str, content: bytes) -> None:
    """Replace a file of a sealed directory, and update its digest in the index."""
    (directory / name).write_bytes(content)
    index = json.loads((directory / "index.json").read_text())
    index["files"][name] = hashlib.sha256(content).hexdigest()
    (directory / "index.json").write_text(json.dumps(index))


def packed(arrays: list[Any], name: Callable[[int], str] = str) -> bytes:
    """Return an npz file; object arrays in it are pickled."""
    file = io.BytesIO()
    np.savez(file, **{name(number): array for number, array in enumerate(arrays)})
    return file.getvalue()


@st.composite
def changed(draw: st.DrawFn, document: Any) -> Any:
    """Draw the JSON document with one value somewhere in it replaced, removed or added."""
    whole = [json.loads(json.dumps(document))]
    source = random.Random(draw(st.integers(0, 2**32)))
    place, key = whole, 0
    while isinstance(place[key], (dict, list)) and place[key] and source.random() < 0.85:
        place = place[key]
        key = source.choice(list(place) if isinstance(place, dict) else range(len(place)))
    match source.randrange(3):
        case 0 if place is not whole:
            del place[key]
        case 1 if isinstance(place[key], list):
            place[key].append(draw(ANYTHING))
        case _:
            place[key] = draw(ANYTHING)
    return whole[0]
