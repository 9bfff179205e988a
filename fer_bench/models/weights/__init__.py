"""Pretrained weights: locate, download, read, verify and lock."""
