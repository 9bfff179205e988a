"""Measure how exactly exported ONNX files agree with Keras on all test images of a data set.

    python scripts/export_parity.py fer2013.npz mobilenet:pretrained resnet50 openface

With ``:pretrained``, the backbone has its pretrained weights. Without, kernels are drawn from the
seed, and biases and the statistics of batch normalisation at random, so that no layer is the
identity. The reference is the computation of the benchmark: frozen prefix, then suffix.
"""

from __future__ import annotations

import argparse
import types
from time import perf_counter
from typing import Any

import numpy as np

from fer_bench import models
from fer_bench.data import load_dataset, make_split
from fer_bench.protocol.data_spec import DataSpec

SEED = 42


def main() -> None:
    """Print one line for each backbone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="path of the data set")
    parser.add_argument("backbones", nargs="+", help="names, some followed by ':pretrained'")
    arguments = parser.parse_args()
    dataset = load_dataset(arguments.dataset)
    split = make_split(dataset, DataSpec.split, DataSpec.split_seed)
    images = np.asarray(dataset.images[split.test])
    for text in arguments.backbones:
        name, _, init = text.partition(":")
        print(parity(name, init == "pretrained", images), flush=True)


def parity(name: str, is_pretrained: bool, images: np.ndarray) -> str:
    """Return the differences of one network as a line."""
    from fer_bench.export.deployable import deployable_model
    from fer_bench.export.formats import convert
    from fer_bench.export.parity import measured_parity
    from fer_bench.models.keras_backend import load_keras

    load_keras()
    import keras

    from fer_bench.models.random_weights import seeded
    from fer_bench.models.transfer import transfer
    from fer_bench.training.cell_network import shard_images

    started = perf_counter()
    entry = models.get(name)
    backbone = seeded(entry, SEED, is_random=not is_pretrained)
    if is_pretrained:
        models.load(models.locate(entry), entry, backbone)
    else:
        randomise(backbone)
    network = transfer(entry, backbone, 4, images.shape[1:], 7)
    cell: Any = types.SimpleNamespace(network=network, fitted_head=None)
    converted = convert(deployable_model(cell, entry, "any"), "onnx")
    step, logits, outputs = shard_images(entry.input_size), [], []
    for start in range(0, len(images), step):
        part = images[start : start + step]
        values = [part] if network.prefix is None else network.prefix.predict_on_batch(part)
        logits.append(
            keras.ops.convert_to_numpy(network.suffix(keras.tree.flatten(values), training=False))
        )
        outputs.append(converted.run(part[..., None]))
    found = np.concatenate(outputs)
    agreement = measured_parity(found, np.concatenate(logits), converted.runtime)
    share = np.bincount(found.argmax(axis=1)).max() / len(found)
    return (
        f"{name} {'pretrained' if is_pretrained else 'random'}: {agreement.images:,} images, "
        f"{agreement.differing_predictions} predicted differently, largest difference "
        f"{agreement.largest_difference:.2g}; probabilities {found.min():.2g} to "
        f"{found.max():.3f}, most frequent class {share:.0%}; {perf_counter() - started:.0f} s"
    )


def randomise(model: Any) -> None:
    """Draw biases and the scale, shift, mean and variance of batch normalisation at random."""
    import keras

    rng = np.random.default_rng(SEED)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            for weight in layer.weights:
                is_centre = weight.name in ("beta", "moving_mean")
                low, high = (-0.2, 0.2) if is_centre else (0.8, 1.2)
                weight.assign(rng.uniform(low, high, weight.shape))
        elif getattr(layer, "use_bias", False):
            layer.bias.assign(rng.uniform(-0.1, 0.1, layer.bias.shape))


if __name__ == "__main__":
    main()
