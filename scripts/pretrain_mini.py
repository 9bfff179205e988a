"""Make the weights of the backbone `mini` that ship with the package.

From the root of the repository:

    python scripts/pretrain_mini.py --out fer_bench/models/data/mini.weights.npz

`mini` is MobileNet of width 0.25 at 48x48 without its top. Here it is trained to identify 100 drawn
people, through global average pooling and one softmax layer. Features and resting face of a person,
the latter any set of action units, are fixed; hair, beard, glasses, pose, light, noise and a part
of the expression change with each image. The data set `sketch`, its people and the emotions'
prototypes are not used.

Settings and outcome of the run behind the packaged file, the settings fixed by the constants below:

- Data: `sketch_identities(100, 160, seed=7)`, 16,000 images; the first 16 of each person are held
  out.
- Training: 10 epochs of 450 steps of 32 images, a new order each epoch drawn from seed 7, Adam,
  learning rate 4e-3 with cosine decay to 0; weights initialised under Keras' seed 7; TensorFlow's
  deterministic operations on 2 threads, no XLA.
- Versions: Python 3.11.7, numpy 2.4.6, Keras 3.15.1, tensorflow-cpu 2.21.0, x86-64 (AMD EPYC).
- Time: 298 to 332 s of processor time; 8 minutes of wall time on 2 busy cores.
- Identity accuracy: 0.894 during the last epoch, 0.872 (loss 0.414) on the 1,600 held-out images
  with the weights as stored.
- SHA-256 of the values, as this script prints it:
  4b449ec5da448bbf505964aad48ca67a9547e675c03e1ab6241be854c841be1c

Reproducibility: two runs on that machine gave bit-identical values, and the same file. The images
are the same on every machine; other versions, processors or numbers of threads may add in another
order and give other bits after 4,500 steps, hence weights of the same kind but not the same ones.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.synthetic import sketch_identities
from fer_bench.models.registry import get
from fer_bench.runtime.files import write_atomically

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

IDENTITIES = 100
IMAGES_EACH = 160
HELD_OUT_EACH = 16
EPOCHS = 10
BATCH_SIZE = 32
LEARNING_RATE = 4e-3
SEED = 7
THREADS = 2

STEPS_AT_ONCE = 20
"""Keras' ``steps_per_execution``; affects its overhead, not the result."""


def main() -> None:
    """Draw the people, train the network, and write its weights."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    out = parser.parse_args().out
    started = time.perf_counter()
    images, identities = sketch_identities(IDENTITIES, IMAGES_EACH, SEED)
    print(f"drew {len(images):,} images in {time.perf_counter() - started:.0f} s", flush=True)
    weights = pretrain(images, identities)
    archive = io.BytesIO()
    np.savez_compressed(archive, **dict[str, Any](weights))
    write_atomically(out, archive.getvalue())
    print(f"sha256 of the values {values_digest(weights)}")
    print(
        f"wrote {out}: {out.stat().st_size:,} bytes, {time.perf_counter() - started:.0f} s, "
        f"{time.process_time():.0f} s of processor time"
    )


def pretrain(
    images: NDArray[np.uint8], identities: NDArray[np.int64]
) -> dict[str, NDArray[np.float16]]:
    """Train `mini` to classify identities, each epoch in a new order.

    Args:
        images: uint8, shape (n, 48, 48), the same number of each identity, in blocks.
        identities: int64, shape (n,), identities from 0.

    Returns:
        Mapping of ``<layer>/<variable>`` to float16 values.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(SEED)
    held_out = np.arange(len(identities)) % IMAGES_EACH < HELD_OUT_EACH
    x, y = images[..., None], identities
    base = get("mini").build()
    model = _classifier(base, IDENTITIES)
    steps = EPOCHS * -(-int((~held_out).sum()) // BATCH_SIZE)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=STEPS_AT_ONCE,
        jit_compile=False,
    )
    generator = np.random.default_rng(SEED)
    for epoch in range(1, EPOCHS + 1):
        started = time.perf_counter()
        # Keras' own shuffling repeats one order after set_random_seed was called.
        rows = generator.permutation(np.flatnonzero(~held_out))
        seen = model.fit(x[rows], y[rows], BATCH_SIZE, shuffle=False, verbose=0).history
        print(
            f"epoch {epoch}: loss {seen['loss'][0]:.3f}, accuracy {seen['accuracy'][0]:.3f}, "
            f"{time.perf_counter() - started:.0f} s",
            flush=True,
        )
    weights = {}
    for layer in base.layers:
        for variable in layer.weights:
            stored = _half(keras.ops.convert_to_numpy(variable))
            weights[f"{layer.name}/{variable.path.rpartition('/')[2]}"] = stored
            variable.assign(stored)
    loss, accuracy = model.evaluate(x[held_out], y[held_out], batch_size=200, verbose=0)
    print(f"held-out images with the weights as stored: loss {loss:.4f}, accuracy {accuracy:.4f}")
    return weights


def _classifier(base: keras.Model, classes: int) -> keras.Model:
    import keras

    scale = get("mini").scale
    grey = keras.Input((*base.input_shape[1:3], 1))
    scaled = keras.layers.Rescaling(scale, -1.0)(grey)
    features = base(keras.layers.Concatenate()([scaled, scaled, scaled]))
    pooled = keras.layers.GlobalAveragePooling2D()(features)
    return keras.Model(grey, keras.layers.Dense(classes, activation="softmax")(pooled))


def _half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """Convert to float16.

    Values too small for float16 become 0, which changes no output: variances are added to a
    constant of 1e-3, and all other weights to much larger numbers.

    Raises:
        OverflowError: a value is too large for float16.
    """
    half = values.astype(np.float16)
    if not np.isfinite(half).all():
        raise OverflowError(f"a weight of {np.abs(values).max()} does not fit float16")
    return half


def values_digest(weights: dict[str, NDArray[Any]]) -> str:
    """Return the SHA-256 of names, types, shapes and values in the order of the names.

    Unlike the digest of the file, it does not depend on how the archive is packed.
    """
    digest = hashlib.sha256()
    for name in sorted(weights):
        values = np.ascontiguousarray(weights[name])
        digest.update(repr((name, values.dtype.str, values.shape)).encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
