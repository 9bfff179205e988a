"""Backbones with random weights drawn from a given seed, independent of the builder.

A builder may load its network from a file, cache it, or set the seed itself. The weights of such a
network do not depend on the seed, so it is rebuilt from the configuration of its layers. The
statistics of adapted ``Normalization`` layers are kept.
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

    from fer_bench.models.backbone import Backbone

    Way = Callable[[Backbone, int], keras.Model]

log = logging.getLogger("fer_bench.models")


def seeded(entry: Backbone, seed: int, *, is_random: bool) -> keras.Model:
    """Build a backbone from a seed, with variables that are not shared with other networks.

    The backbones of this package draw their weights from the seed. Any other backbone is checked on
    first use in a process: it is built three times with random weights, or twice if pretrained
    weights will replace them. If its layers have to be rebuilt, a warning gives the reason.

    Args:
        entry: the backbone.
        seed: seed of the weights; Keras' seed is set to it.
        is_random: True if the random weights are used, False if pretrained weights will replace
            them.

    Raises:
        FerBenchError: the network cannot be built, or its weights cannot be drawn from the seed.
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
    """Cached build strategy of a backbone.

    Attributes:
        builder: the builder the strategy was determined for.
        way: function that builds the network.
        flaw: reason why the builder's random weights cannot be used, or None.
    """

    builder: object
    way: Way
    flaw: str | None = None


_known: dict[tuple[str, bool], _Known] = {}
"""Build strategies by backbone name and ``is_random``."""


def _drawn(entry: Backbone, seed: int) -> tuple[keras.Model, _Known]:
    """Return a network with weights drawn from the seed, and its build strategy."""
    model, flaw = _tried(_as_built, entry, seed)
    if flaw is None:
        return model, _Known(entry.builder, _as_built)
    model, remaining = _tried(_redrawn, entry, seed)
    if remaining is None:
        return model, _Known(entry.builder, _redrawn, flaw)
    raise FerBenchError(
        f"backbone {entry.name!r} cannot run with random weights: {remaining}, even when its "
        "layers are made again",
        "layers that draw their weights with initialisers of "
        "Keras that have no seed, constant ones aside",
        "change the layer, or choose --init=pretrained",
    )


def _separate(entry: Backbone, seed: int) -> tuple[keras.Model, _Known]:
    """Return a network with unshared variables for pretrained weights, and its build strategy."""
    other = _as_built(entry, seed ^ 1)
    generator = random.getstate()
    model = _as_built(entry, seed)
    ids = {id(variable) for variable in other.variables}
    if any(id(variable) in ids for variable in model.variables):
        return _redrawn(entry, seed), _Known(entry.builder, _redrawn)
    if random.getstate() == generator:
        # The builder sets the seed itself: set it again, as the head is drawn next.
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
    """Rebuild the network from the configuration of its layers, under the seed."""
    built = entry.build()
    keras.utils.set_random_seed(seed)
    # Keras would also clone the optimiser of a compiled model.
    plain = keras.Model(built.input, built.output)
    adapted = []

    def made_again(layer: Any) -> Any:
        # Layers without variables can be shared. A Lambda must be: Keras refuses to load its code.
        if not isinstance(layer, keras.Layer) or not layer.variables:
            return layer
        made = type(layer).from_config(layer.get_config())
        if isinstance(layer, keras.layers.Normalization):
            adapted.append((layer, made))
        return made

    try:
        model = keras.models.clone_model(plain, clone_function=made_again, recursive=True)
    # Layers of users may have an incomplete configuration and raise any exception.
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise FerBenchError(
            f"backbone {entry.name!r}: its builder does not draw new weights from the seed, and "
            f"its layers cannot be made again: {shown((lines or [type(error).__name__])[0], 200)}",
            "layers with get_config, or a builder that draws all weights when it is called",
            "change one or the other",
        ) from error
    for layer, made in adapted:
        made.set_weights(layer.get_weights())
        made.finalize_state()
    return model


def _statistics(model: Any) -> set[int]:
    """Return the ids of weights adapted to data; they do not depend on the seed."""
    found = set()
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            found |= {id(weight) for weight in layer.weights}
        elif isinstance(layer, keras.Model):
            found |= _statistics(layer)
    return found


@dataclass(frozen=True)
class _Trace:
    """Digests of a network's weights and the state of the random generator after the build.

    Attributes:
        weights: path, digest and a flag, True if all values are equal, for each tensor.
        generator: state of Python's random generator, from which Keras takes its seeds.
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
    """Return the network and the reason if the seed does not determine its weights, or None."""
    other, again = (_Trace.of(way(entry, number)) for number in (seed ^ 1, seed))
    # Networks contain reference cycles: without this, three would be in memory at once.
    gc.collect()
    model = way(entry, seed)
    trace = _Trace.of(model)
    for one, two in zip(other.weights, trace.weights, strict=False):
        # A constant tensor, like a bias of zeros, was not drawn.
        if one[1] == two[1] and not two[2]:
            return model, f"its weights {shown(two[0])} are the same for every seed"
    if again.digests() != trace.digests():
        return model, "its weights differ from one time to the next under one seed"
    if other.generator == trace.generator:
        return model, "its builder sets the seed itself"
    return model, None
