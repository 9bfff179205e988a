"""Faces drawn by code: an embedded data set that needs nothing from outside.

Each emotion is a combination of facial action units; identity, pose, light and noise are drawn
by chance from a seed.
"""

from fer_bench.data.synthetic.generator import sketch, sketch_identities

__all__ = ["sketch", "sketch_identities"]
