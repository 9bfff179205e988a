"""The one kind of network that can be cut: a graph of layers from one input to one output."""

from __future__ import annotations

from typing import Any

import keras
from keras.src.models.functional import Functional

from fer_bench.runtime.errors import FerBenchError, shown

ACCEPTED = "a functional keras.Model or a keras.Sequential with one input and one output"


def as_graph(built: Any, name: str, input_shape: tuple[int | None, ...]) -> keras.Model:
    """A builder's network as a functional model, with the same layers and weights.

    A ``Sequential`` that has no input yet gets one of ``input_shape``.

    Args:
        built: what the builder returned.
        name: of the backbone, for messages.
        input_shape: as the backbone's entry states it, batch axis included.

    Raises:
        FerBenchError: it is none of the accepted kinds, or has another input shape.
    """
    # A class with a call of its own may compute something else than its graph.
    if not any(
        isinstance(built, kind) and type(built).call is kind.call
        for kind in (Functional, keras.Sequential)
    ):
        kind = f"{type(built).__module__}.{type(built).__name__}"
        raise FerBenchError(
            f"backbone {name!r}: its builder returned {shown(kind)}, whose layers form no graph; "
            f"accepted: {ACCEPTED}; write it as keras.Model(inputs, outputs)"
        )
    if isinstance(built, keras.Sequential) and not built.built:
        built.build(input_shape)
    shapes = [tuple(tensor.shape) for tensor in built.inputs]
    if shapes != [input_shape]:
        found = shapes[0] if len(shapes) == 1 else shapes
        raise FerBenchError(
            f"backbone {name!r} was built with input shape {found}, its entry says {input_shape}: "
            "mend the entry or its builder"
        )
    if len(built.outputs) != 1:
        raise FerBenchError(
            f"backbone {name!r} was built with {len(built.outputs)} outputs; accepted: {ACCEPTED}; "
            "return the features alone: keras.Model(inputs, features)"
        )
    if isinstance(built, keras.Sequential) or built.output is not built.outputs[0]:
        return keras.Model(built.inputs[0], built.outputs[0])
    return built
