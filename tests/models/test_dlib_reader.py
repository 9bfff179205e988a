"""The reader of dlib's format, on a small network written here in that format."""

from __future__ import annotations

import contextlib
import random
import struct
import tracemalloc

import numpy as np
import pytest

from fer_bench.models.weights import weight_reader
from fer_bench.runtime.errors import FerBenchError

DRAW = np.random.default_rng(0)
KERNEL = DRAW.normal(size=(4, 3, 2, 2)).astype("<f4")  # outputs, inputs, rows, columns
BIAS, SCALE, OFFSET = DRAW.normal(size=(3, 4)).astype("<f4")
PLAIN = DRAW.normal(size=(2, 4, 1, 1)).astype("<f4")
DENSE = DRAW.normal(size=(4, 5)).astype("<f4")


def number(value):
    """Return an integer as dlib writes it: the sign and the number of bytes, then the bytes."""
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def numbers(*values):
    return b"".join(map(number, values))


def name(text):
    return number(len(text)) + text.encode()


def real(value):
    mantissa, exponent = 0, 0
    if value:
        mantissa, exponent = int(value * 2**10), -10
    return numbers(mantissa, exponent)


def tensor(values, shape=None):
    dimensions = shape or (*values.shape, 1, 1, 1, 1)[:4]
    return numbers(2, *dimensions) + values.tobytes()


def part(*shape):
    return numbers(1, *shape)


EMPTY = numbers(2, 0, 0, 0, 0)
STATE = b"110" + 3 * EMPTY
MULTIPLIERS = b"".join(map(real, (1.0, 1.0, 1.0, 0.0)))


def convolution(kernel, bias, *, strides=1):
    values = np.concatenate([kernel.ravel(), bias])
    outputs, _, rows, columns = kernel.shape
    return (
        name("con_4")
        + tensor(values, (values.size, 1, 1, 1))
        + numbers(outputs, rows, columns, strides, strides, 0, 0)
        + part(*kernel.shape)
        + part(1, bias.size, 1, 1)
        + MULTIPLIERS
    )


def affine(scale, offset, mode=0):
    values = np.concatenate([scale, offset])
    shape = part(1, scale.size, 1, 1)
    return name("affine_") + tensor(values, (values.size, 1, 1, 1)) + 2 * shape + number(mode)


def dense(kernel):
    inputs, outputs = kernel.shape
    return (
        name("fc_2")
        + numbers(outputs, inputs)
        + tensor(kernel)
        + part(inputs, outputs, 1, 1)
        + part(0, 0, 0, 0)
        + number(1)
        + MULTIPLIERS
    )


def network(*layers, loss="loss_metric_2"):
    """Return a network with a skip and a tag, whose versions are 1, between the first layers."""
    start = number(1) + name(loss) + real(0.04) + real(0.6)
    versions = numbers(1, 1, *[2] * (len(layers) - 1), 3)
    image = name("input_rgb_image_sized") + 3 * real(122.0) + numbers(150, 150)
    first, *others = layers
    content = first + STATE + number(1) + b"".join(layer + STATE for layer in others)
    return start + versions + image + content


LAYERS = (
    convolution(KERNEL, BIAS),
    affine(SCALE, OFFSET),
    name("relu_"),
    name("max_pool_2") + numbers(3, 3, 2, 2, 0, 0),
    convolution(PLAIN, BIAS[:2]),
    name("add_prev_"),
    dense(DENSE),
)
NETWORK = network(*LAYERS)


def read(path, content):
    """Return all tensors by layer and variable."""
    path.write_bytes(content)
    with weight_reader.opened(path) as stored:
        assert not stored.keyed_by_class
        return {
            (layer.name, variable): tensor.read()
            for layer in stored.layers.values()
            for variable, tensor in zip(layer.variables, layer.tensors, strict=True)
        }


def test_layers_are_numbered_and_channel_scales_folded_in(tmp_path):
    found = read(tmp_path / "w.dat", NETWORK)
    keras_kernel = KERNEL.transpose(2, 3, 1, 0)
    expected = {
        ("conv_1", "kernel"): keras_kernel * SCALE,
        ("conv_1", "bias"): BIAS * SCALE + OFFSET,
        ("conv_2", "kernel"): PLAIN.transpose(2, 3, 1, 0),
        ("conv_2", "bias"): BIAS[:2],
        ("dense_1", "kernel"): DENSE,
    }
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        assert found[key].dtype == np.float32
        np.testing.assert_allclose(found[key], values, rtol=1e-6)


def test_a_truncated_file_is_one_line(tmp_path):
    for keep in range(20, len(NETWORK), 7):
        with pytest.raises(FerBenchError, match="is truncated after") as caught:
            read(tmp_path / "w.dat", NETWORK[:keep])
        assert "\n" not in str(caught.value)
        assert caught.value.accepted.startswith("at least ")


def test_a_larger_file_than_a_network_has_is_not_read(tmp_path):
    with (tmp_path / "w.dat").open("wb") as file:
        file.write(NETWORK)
        file.truncate((1 << 28) + 1)
    opened = weight_reader.opened(tmp_path / "w.dat")
    with pytest.raises(FerBenchError, match="more than 268,435,456"), opened:
        pass


def test_the_values_are_in_memory_once(tmp_path):
    content = network(convolution(np.ones((512, 512, 2, 2), "<f4"), np.ones(512, "<f4")))
    (tmp_path / "w.dat").write_bytes(content)
    tracemalloc.start()
    try:
        with weight_reader.opened(tmp_path / "w.dat"):
            assert tracemalloc.get_traced_memory()[1] < 1.5 * len(content)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (network(*LAYERS, loss="loss_mmod_"), "layer 'loss_mmod_'"),
        (network(*LAYERS[:1], name("con_5"), *LAYERS[2:]), "layer 'con_5'"),
        (network(*LAYERS[:2], affine(SCALE, OFFSET)), "does not follow a convolution"),
        (network(LAYERS[0], affine(SCALE, OFFSET, mode=1)), "mode of an affine layer 1"),
        (network(LAYERS[0], affine(SCALE[:3], OFFSET[:3])), "3 scales"),
        (network(convolution(KERNEL, BIAS[:3])), "3 biases"),
        (NETWORK + b"\0", "unexpected data after the last layer"),
        (NETWORK.replace(STATE, b"2" + STATE[1:]), "flags b'210'"),
        (network(name("x" * 65)), "a name of 65 bytes"),
    ],
)
def test_other_networks_are_refused(tmp_path, content, problem):
    with pytest.raises(FerBenchError) as caught:
        read(tmp_path / "w.dat", content)
    assert problem in caught.value.problem
    assert "\n" not in str(caught.value)


def test_a_declared_size_is_not_allocated(tmp_path):
    huge = name("con_4") + numbers(2, 2**60, 2**60, 1, 1)
    with pytest.raises(FerBenchError, match="is truncated"):
        read(tmp_path / "w.dat", network(huge))


def test_damaged_files_are_read_or_refused(tmp_path):
    draw = random.Random(1)
    for _ in range(300):
        damaged = bytearray(NETWORK)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(20, len(damaged))] = draw.randrange(256)
        with contextlib.suppress(FerBenchError):
            read(tmp_path / "w.dat", bytes(damaged))


def test_a_compressed_file_names_the_command(tmp_path):
    with pytest.raises(FerBenchError) as caught:
        read(tmp_path / "w.dat", b"BZh91AY" + struct.pack("<q", 0))
    assert caught.value.hint == "decompress it with 'bunzip2'"
