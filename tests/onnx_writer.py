"""Small ONNX files, written without the package onnx."""

import struct

FLOAT, INT64 = 1, 7


def _varint(value):
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def number(field, value):
    return _varint(field << 3) + _varint(value)


def part(field, content):
    content = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def tensor_info(name, shape, kind=FLOAT):
    axes = b"".join(
        part(1, part(2, "n") if length is None else number(1, length)) for length in shape
    )
    return part(1, name) + part(2, part(1, number(1, kind) + part(2, axes)))


def initializer(name, values, shape, extra=b""):
    dims = b"".join(number(1, length) for length in shape)
    content = struct.pack(f"<{len(values)}f", *values)
    return dims + number(2, FLOAT) + part(8, name) + part(9, content) + extra


def node(kind, inputs, output, attributes=b""):
    names = b"".join(part(1, name) for name in inputs)
    return names + part(2, output) + part(4, kind) + attributes


def model(nodes, inputs, outputs, initializers=(), metadata=None):
    """Return the bytes of a model; all arguments but ``metadata`` are parts from above."""
    graph = b"".join(part(1, one) for one in nodes) + part(2, "graph")
    graph += b"".join(part(5, one) for one in initializers)
    graph += b"".join(part(11, one) for one in inputs)
    graph += b"".join(part(12, one) for one in outputs)
    props = b"".join(
        part(14, part(1, key) + part(2, text)) for key, text in (metadata or {}).items()
    )
    return number(1, 8) + part(7, graph) + part(8, number(2, 17)) + props


def means(shape=(None, 3, 8, 8), metadata=None, flat=True, weights=(1.0, 2.0, 3.0)):
    """Return a model to the weighted mean of each channel, for any layout of 4 axes."""
    channels = shape[1]
    nodes = [
        node("Mul", ["image", "weights"], "weighted"),
        node("GlobalAveragePool", ["weighted"], "pooled" if flat else "features"),
        *([node("Flatten", ["pooled"], "features")] if flat else []),
    ]
    features = tensor_info("features", (shape[0], channels, *(() if flat else (1, 1))))
    weights = initializer("weights", weights[:channels], (1, channels, 1, 1))
    return model(nodes, [tensor_info("image", shape)], [features], [weights], metadata)
