"""Synthetic faces: a built-in data set without external files.

Each emotion is a combination of facial action units; identity, pose, light and noise are drawn at
random from a seed.
"""

from fer_bench.data.synthetic.generator import sketch, sketch_identities

__all__ = ["sketch", "sketch_identities"]
