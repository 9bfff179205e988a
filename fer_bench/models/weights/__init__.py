"""Pretrained weights: found, read, verified, locked."""
