"""Networks whose random weights come from a cell's seed, whatever their builder does.

A builder may return a network that it loaded from a file, made once and kept, or seeded itself.
Random means drawn from the seed: such a network is made again from the settings of its layers.
"""

from __future__ import annotations

import gc
import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from fer_bench.errors import FerBenchError, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.backbones.registry import Backbone

    Way = Callable[[Backbone, int], keras.Model]


def seeded(entry: Backbone, seed: int, *, is_random: bool) -> keras.Model:
    """Builds a backbone under a seed, with variables that no other network shares.

    Of this package's own backbones it is known that their weights are drawn. Another's is built
    three times instead of once when it is first asked for in a process.

    Args:
        entry: the backbone.
        seed: of its weights; Keras' seed is set to it.
        is_random: the weights are used. Otherwise pretrained ones will take their place.

    Raises:
        FerBenchError: the network cannot be built, or its random weights do not come from the seed.
    """
    if entry.is_built_in:
        return _as_built(entry, seed)
    if entry.builder in _known:
        return _known[entry.builder](entry, seed)
    for way in (_as_built, _redrawn):
        model, flaw = _tried(way, entry, seed)
        if flaw is None:
            _known[entry.builder] = way
            return model
    if is_random:
        raise FerBenchError(
            f"backbone {entry.name!r} cannot run with random weights: {flaw}, even when its layers "
            "are made again; accepted: layers that draw their weights with initialisers of Keras "
            "that have no seed, constant ones aside; change the layer, or choose --init=pretrained"
        )
    return model


_known: dict[Any, Way] = {}
"""The way that gives weights drawn from the seed, by builder."""


def _as_built(entry: Backbone, seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return entry.build()


def _redrawn(entry: Backbone, seed: int) -> keras.Model:
    """Makes the network again, layer by layer."""
    built = entry.build()
    keras.utils.set_random_seed(seed)
    # Of a compiled model Keras would copy the optimiser as well.
    plain = keras.Model(built.input, built.output)
    try:
        return keras.models.clone_model(plain, clone_function=_made_again, recursive=True)
    # The layers are the user's: their settings may be incomplete in any way.
    except Exception as error:
        raise FerBenchError(
            f"backbone {entry.name!r}: its builder's weights do not come from the seed, and its "
            f"layers cannot be made again: {shown(next(iter(str(error).splitlines()), ''), 200)}; "
            "accepted: layers with get_config, or a builder that draws all weights when it is "
            "called; change one or the other"
        ) from error


def _made_again(layer: Any) -> Any:
    # What holds no variable can be shared. A Lambda has to be: Keras refuses to load its code.
    if not isinstance(layer, keras.Layer) or not layer.variables:
        return layer
    return type(layer).from_config(layer.get_config())


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
        weights = []
        for weight in model.weights:
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
