"""Conversion of a builder's network to a functional model with one input and one output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras.src.models.functional import Functional

from fer_bench.runtime.errors import FerBenchError, shown

if TYPE_CHECKING:
    from collections.abc import Container

ACCEPTED = "a functional keras.Model or a keras.Sequential with one input and one output"


def is_graph(model: Any) -> bool:
    """Return True if an object is a functional or sequential model that computes its graph."""
    # A subclass that overrides ``call`` may compute something else.
    return any(
        isinstance(model, kind) and type(model).call is kind.call
        for kind in (Functional, keras.Sequential)
    )


def as_graph(built: Any, name: str, input_shape: tuple[int | None, ...]) -> keras.Model:
    """Convert a builder's network to a functional model with the same layers and weights.

    A ``Sequential`` that is not built yet is built with ``input_shape``.

    Args:
        built: return value of the builder.
        name: name of the backbone, for messages.
        input_shape: input shape according to the registry entry, including the batch axis.

    Raises:
        FerBenchError: the network is not of an accepted type, or its input shape or number of
            outputs does not match, or its features do not have a fixed shape.
    """
    if not is_graph(built):
        kind = f"{type(built).__module__}.{type(built).__name__}"
        raise FerBenchError(
            f"backbone {name!r} is built as {shown(kind)}, which is not a graph of layers",
            ACCEPTED,
            "build the network with keras.Model(inputs, outputs)",
        )
    if isinstance(built, keras.Sequential) and not built.built:
        built.build(input_shape)
    shapes = [tuple(tensor.shape) for tensor in built.inputs]
    if shapes != [input_shape]:
        found = shapes[0] if len(shapes) == 1 else shapes
        raise FerBenchError(
            f"backbone {name!r} has input shape {found}, but {input_shape} is registered",
            hint="correct the registered input size or the builder",
        )
    if len(built.outputs) != 1:
        raise FerBenchError(
            f"backbone {name!r} has {len(built.outputs)} outputs",
            ACCEPTED,
            "return only the features: keras.Model(inputs, features)",
        )
    features = tuple(built.outputs[0].shape)
    if features[:1] != (None,) or len(features) < 2 or None in features[1:]:
        raise FerBenchError(
            f"backbone {name!r} has output shape {features}",
            "(None, ...): features of a fixed shape for each image",
            "return the features of each image, for example before they are averaged over images",
        )
    if isinstance(built, keras.Sequential) or built.output is not built.outputs[0]:
        return keras.Model(built.inputs[0], built.outputs[0])
    return built


def flattened(model: keras.Model) -> keras.Model:
    """Replace nested models by their layers, sharing them.

    Layers whose names are not unique then get that of their model as a prefix. A nested model that
    is not a graph of layers stays one layer.

    Args:
        model: a functional model; only names of its layers are modified.
    """
    if not any(is_graph(layer) for layer in model.layers):
        return model
    _name_apart(model)
    (inputs,) = model.inputs
    return keras.Model(inputs, _inlined(model, inputs, None))


def _inlined(model: keras.Model, inputs: Any, training: bool | None) -> Any:
    """Return the output of a model as that of its layers; ``training`` is that of its call."""

    def call(operation: Any, *args: Any, **options: Any) -> Any:
        if training is not None and getattr(operation, "_call_has_training_arg", False):
            options["training"] = training
        if is_graph(operation):
            nested = args[0] if args else options["inputs"]
            return _inlined(operation, nested, options.get("training"))
        return operation(*args, **options)

    return _graph(model)._run_through_graph(inputs, lambda operation: operation, call)


def _graph(model: Any) -> Any:
    return model._functional if isinstance(model, keras.Sequential) else model


def _name_apart(model: keras.Model) -> None:
    """Give all operations in a model and its nested models different names."""
    names: set[str] = set()
    seen: set[int] = set()

    def visit(part: Any, prefix: str) -> None:
        for operation in _graph(part).operations:
            if is_graph(operation):
                visit(operation, f"{prefix}{operation.name}_")
            elif id(operation) not in seen:
                seen.add(id(operation))
                if operation.name in names:
                    operation.name = unused_name(f"{prefix}{operation.name}", names)
                names.add(operation.name)

    visit(model, "")


def adapted_weights(model: keras.Model) -> set[int]:
    """Return the ids of weights that were adapted to data; no seed determines them."""
    return {
        id(weight)
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.Normalization)
        for weight in layer.weights
    }


def unused_name(name: str, names: Container[str]) -> str:
    """Append underscores to a name until it is not among the names."""
    while name in names:
        name += "_"
    return name


def resized(model: keras.Model, name: str, input_size: int) -> keras.Model:
    """Return a network for another input size, with the same layers and weights.

    Args:
        model: a functional model from square images.
        name: name of the backbone, for messages.
        input_size: side length of the input in pixels.

    Raises:
        FerBenchError: the network does not accept the size.
    """
    inputs = keras.Input((input_size, input_size, *model.input_shape[3:]))
    try:
        return keras.models.clone_model(
            model, input_tensors=inputs, clone_function=lambda layer: layer
        )
    except ValueError as error:
        raise FerBenchError(
            f"backbone {name!r} does not accept images of {input_size} x {input_size} pixels",
            hint=f"omit --input-size: its own is {model.input_shape[1]}",
        ) from error
