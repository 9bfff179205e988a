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
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np

from fer_bench.models.functional_model import adapted_weights
from fer_bench.runtime.errors import FerBenchError, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.models.backbone import Backbone

    Build = Callable[[Backbone, int], keras.Model]

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
        return _build_seeded(entry, seed)
    strategy = _strategies.get((entry.name, is_random))
    if strategy is not None and strategy.builder is entry.builder:
        model = strategy.build(entry, seed)
    else:
        model, strategy = (_build_random if is_random else _build_pretrained)(entry, seed)
        _strategies[entry.name, is_random] = strategy
    if strategy.flaw is not None:
        log.warning(
            "backbone %r: %s; all its layers were rebuilt from the seed", entry.name, strategy.flaw
        )
    return model


class _Strategy(NamedTuple):
    """Way to build a backbone: ``flaw`` is the reason if its own random weights cannot be used."""

    builder: object
    build: Build
    flaw: str | None = None


_strategies: dict[tuple[str, bool], _Strategy] = {}
"""Build strategies by backbone name and ``is_random``."""


def _build_random(entry: Backbone, seed: int) -> tuple[keras.Model, _Strategy]:
    """Return a network with weights drawn from the seed, and its build strategy."""
    model, flaw = _check_seed(_build_seeded, entry, seed)
    if flaw is None:
        return model, _Strategy(entry.builder, _build_seeded)
    model, remaining = _check_seed(_rebuild, entry, seed)
    if remaining is None:
        return model, _Strategy(entry.builder, _rebuild, flaw)
    raise FerBenchError(
        f"backbone {entry.name!r} cannot have random weights: {remaining}, even after its layers "
        "are rebuilt",
        "layers whose initialisers are Keras' own and constant or without a seed",
        "change the layer, or use --init=pretrained",
    )


def _build_pretrained(entry: Backbone, seed: int) -> tuple[keras.Model, _Strategy]:
    """Return a network with unshared variables for pretrained weights, and its build strategy."""
    other = _build_seeded(entry, seed ^ 1)
    generator = random.getstate()
    model = _build_seeded(entry, seed)
    ids = {id(variable) for variable in other.variables}
    if any(id(variable) in ids for variable in model.variables):
        return _rebuild(entry, seed), _Strategy(entry.builder, _rebuild)
    if random.getstate() == generator:
        # The builder sets the seed itself: set it again, as the head is drawn next.
        keras.utils.set_random_seed(seed)
        return model, _Strategy(entry.builder, _build_and_seed)
    return model, _Strategy(entry.builder, _build_seeded)


def _build_seeded(entry: Backbone, seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return entry.build()


def _build_and_seed(entry: Backbone, seed: int) -> keras.Model:
    model = _build_seeded(entry, seed)
    keras.utils.set_random_seed(seed)
    return model


def _rebuild(entry: Backbone, seed: int) -> keras.Model:
    """Rebuild the network from the configuration of its layers, under the seed."""
    built = entry.build()
    keras.utils.set_random_seed(seed)
    # Keras would also clone the optimiser of a compiled model.
    plain = keras.Model(built.input, built.output)
    adapted = []

    def clone(layer: Any) -> Any:
        # Layers without variables can be shared. A Lambda must be: Keras refuses to load its code.
        if not isinstance(layer, keras.Layer) or not layer.variables:
            return layer
        copy = type(layer).from_config(layer.get_config())
        if isinstance(layer, keras.layers.Normalization):
            adapted.append((layer, copy))
        return copy

    try:
        model = keras.models.clone_model(plain, clone_function=clone, recursive=True)
    # Layers of users may have an incomplete configuration and raise any exception.
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise FerBenchError(
            f"backbone {entry.name!r}: its builder does not draw all weights from the seed, and "
            f"its layers cannot be rebuilt: {shown((lines or [type(error).__name__])[0], 200)}",
            hint="let the builder draw all weights on each call, or add get_config to the layers",
        ) from error
    for layer, copy in adapted:
        copy.set_weights(layer.get_weights())
        copy.finalize_state()
    return model


class _Trace(NamedTuple):
    """Path, digest and constancy of a network's weights, and the generator of Keras' seeds then."""

    weights: tuple[tuple[str, bytes, bool], ...]
    generator: object

    @classmethod
    def of(cls, model: keras.Model) -> _Trace:
        weights, adapted = [], adapted_weights(model)
        for weight in model.weights:
            if id(weight) in adapted:
                continue
            values = np.ascontiguousarray(keras.ops.convert_to_numpy(weight))
            is_constant = values.size < 2 or bool((values == values.flat[0]).all())
            digest = hashlib.sha256(values.tobytes()).digest()
            weights.append((weight.path, digest, is_constant))
        return cls(tuple(weights), random.getstate())

    def digests(self) -> list[bytes]:
        return [digest for _, digest, _ in self.weights]


def _check_seed(build: Build, entry: Backbone, seed: int) -> tuple[keras.Model, str | None]:
    """Return the network and the reason if the seed does not determine its weights, or None."""
    other, again = (_Trace.of(build(entry, number)) for number in (seed ^ 1, seed))
    # Networks contain reference cycles: without this, three would be in memory at once.
    gc.collect()
    model = build(entry, seed)
    trace = _Trace.of(model)
    for one, two in zip(other.weights, trace.weights, strict=False):
        # A constant tensor, like a bias of zeros, was not drawn.
        if one[1] == two[1] and not two[2]:
            return model, f"its weights {shown(two[0])} do not depend on the seed"
    if entry.file is not None and other.digests() == trace.digests():
        return model, "none of its weights depends on the seed"
    if again.digests() != trace.digests():
        return model, "its weights differ between builds with the same seed"
    if other.generator == trace.generator:
        return model, "its builder sets the seed itself"
    return model, None
