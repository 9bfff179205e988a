"""Builders of the backbones' structures."""
