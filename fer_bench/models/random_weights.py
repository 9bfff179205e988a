"""Networks whose random weights come from a cell's seed, whatever their builder does.

A builder may return a network that it loaded from a file, made once and kept, or seeded itself.
Random means drawn from the seed: such a network is made again from the settings of its layers.
What ``Normalization`` was adapted to stays.
"""

from __future__ import annotations

import gc
import hashlib
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from fer_bench.runtime.errors import FerBenchError, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.models.registry import Backbone

    Way = Callable[[Backbone, int], keras.Model]

log = logging.getLogger("fer_bench.models")


def seeded(entry: Backbone, seed: int, *, is_random: bool) -> keras.Model:
    """Builds a backbone under a seed, with variables that no other network shares.

    Of this package's own backbones it is known that their weights are drawn. When another is first
    asked for in a process, it is built three times instead of once, or twice if it is pretrained.
    If its layers have to be made again, a warning says why.

    Args:
        entry: the backbone.
        seed: of its weights; Keras' seed is set to it.
        is_random: the weights are used. Otherwise pretrained ones will take their place.

    Raises:
        FerBenchError: the network cannot be built, or its random weights do not come from the seed.
    """
    if entry.is_built_in:
        return _as_built(entry, seed)
    known = _known.get((entry.name, is_random))
    if known is not None and known.builder is entry.builder:
        model = known.way(entry, seed)
    else:
        model, known = (_drawn if is_random else _separate)(entry, seed)
        _known[entry.name, is_random] = known
    if known.flaw is not None:
        log.warning(
            "backbone %r: %s; all its layers were made again from the seed", entry.name, known.flaw
        )
    return model


@dataclass(frozen=True)
class _Known:
    """The way to a network with weights of its own.

    Attributes:
        builder: the one that it was found for.
        way: makes the network.
        flaw: why weights that the builder gave are not used although random ones would be.
    """

    builder: object
    way: Way
    flaw: str | None = None


_known: dict[tuple[str, bool], _Known] = {}
"""Ways that were found, by name and randomness of the weights."""


def _drawn(entry: Backbone, seed: int) -> tuple[keras.Model, _Known]:
    """A network whose weights come from the seed."""
    model, flaw = _tried(_as_built, entry, seed)
    if flaw is None:
        return model, _Known(entry.builder, _as_built)
    model, remaining = _tried(_redrawn, entry, seed)
    if remaining is None:
        return model, _Known(entry.builder, _redrawn, flaw)
    raise FerBenchError(
        f"backbone {entry.name!r} cannot run with random weights: {remaining}, even when its "
        "layers are made again; accepted: layers that draw their weights with initialisers of "
        "Keras that have no seed, constant ones aside; change the layer, or choose "
        "--init=pretrained"
    )


def _separate(entry: Backbone, seed: int) -> tuple[keras.Model, _Known]:
    """A network for pretrained weights, which only have to be its own."""
    other = _as_built(entry, seed ^ 1)
    generator = random.getstate()
    model = _as_built(entry, seed)
    ids = {id(variable) for variable in other.variables}
    if any(id(variable) in ids for variable in model.variables):
        return _redrawn(entry, seed), _Known(entry.builder, _redrawn)
    if random.getstate() == generator:
        # The builder sets the seed itself, and the head is drawn next.
        keras.utils.set_random_seed(seed)
        return model, _Known(entry.builder, _as_built_and_seeded)
    return model, _Known(entry.builder, _as_built)


def _as_built(entry: Backbone, seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return entry.build()


def _as_built_and_seeded(entry: Backbone, seed: int) -> keras.Model:
    model = _as_built(entry, seed)
    keras.utils.set_random_seed(seed)
    return model


def _redrawn(entry: Backbone, seed: int) -> keras.Model:
    """Makes the network again, layer by layer."""
    built = entry.build()
    keras.utils.set_random_seed(seed)
    # Of a compiled model Keras would copy the optimiser as well.
    plain = keras.Model(built.input, built.output)
    adapted = []

    def made_again(layer: Any) -> Any:
        # What holds no variable can be shared. A Lambda has to be: Keras refuses to load its code.
        if not isinstance(layer, keras.Layer) or not layer.variables:
            return layer
        made = type(layer).from_config(layer.get_config())
        if isinstance(layer, keras.layers.Normalization):
            adapted.append((layer, made))
        return made

    try:
        model = keras.models.clone_model(plain, clone_function=made_again, recursive=True)
    # The layers are the user's: their settings may be incomplete in any way.
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise FerBenchError(
            f"backbone {entry.name!r}: its builder does not draw new weights from the seed, and "
            f"its layers cannot be made again: {shown((lines or [type(error).__name__])[0], 200)}; "
            "accepted: layers with get_config, or a builder that draws all weights when it is "
            "called; change one or the other"
        ) from error
    for layer, made in adapted:
        made.set_weights(layer.get_weights())
        made.finalize_state()
    return model


def _statistics(model: Any) -> set[int]:
    """The ids of weights that are found in data, without training: no seed should change them."""
    found = set()
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            found |= {id(weight) for weight in layer.weights}
        elif isinstance(layer, keras.Model):
            found |= _statistics(layer)
    return found


@dataclass(frozen=True)
class _Trace:
    """The weights of a network that was built, as digests.

    Attributes:
        weights: name, digest and whether all values are equal, for each tensor.
        generator: of Python's random numbers as it was left, which Keras takes its seeds from.
    """

    weights: tuple[tuple[str, bytes, bool], ...]
    generator: object

    @classmethod
    def of(cls, model: keras.Model) -> _Trace:
        weights, given = [], _statistics(model)
        for weight in model.weights:
            if id(weight) in given:
                continue
            values = np.ascontiguousarray(keras.ops.convert_to_numpy(weight))
            is_constant = values.size < 2 or bool((values == values.flat[0]).all())
            digest = hashlib.sha256(values.tobytes()).digest()
            weights.append((weight.path, digest, is_constant))
        return cls(tuple(weights), random.getstate())

    def digests(self) -> list[bytes]:
        return [digest for _, digest, _ in self.weights]


def _tried(way: Way, entry: Backbone, seed: int) -> tuple[keras.Model, str | None]:
    """A network made under the seed, and why its weights do not come from it; None if they do."""
    other, again = (_Trace.of(way(entry, number)) for number in (seed ^ 1, seed))
    # A network refers to itself: without this, it would be in memory three times.
    gc.collect()
    model = way(entry, seed)
    trace = _Trace.of(model)
    for one, two in zip(other.weights, trace.weights, strict=False):
        # A weight that is the same everywhere, like a bias of zeros, was not drawn.
        if one[1] == two[1] and not two[2]:
            return model, f"its weights {shown(two[0])} are the same for every seed"
    if again.digests() != trace.digests():
        return model, "its weights differ from one time to the next under one seed"
    if other.generator == trace.generator:
        return model, "its builder sets the seed itself"
    return model, None
