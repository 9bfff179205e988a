"""Layers that compute in bfloat16, with weights in float32."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.models import Backbone
    from fer_bench.protocol.settings import MixedPrecision


@contextlib.contextmanager
def mixed_precision(name: MixedPrecision, entry: Backbone) -> Iterator[None]:
    """Build the layers in the context with Keras' policy ``mixed_bfloat16``; none for ``"none"``.

    A layer keeps the policy that it is built with. The layers of a saved network have their own,
    so that nothing is built in another precision if the backbone comes from a file.
    """
    if name == "none" or entry.file is not None:
        yield
        return
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(f"mixed_{name}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def output_dtype(name: MixedPrecision) -> str | None:
    """Return the type that logits and probabilities are computed in; None for that of the policy.

    In bfloat16, with 8 significant bits, probabilities would be too coarse for a loss.
    """
    return None if name == "none" else "float32"
