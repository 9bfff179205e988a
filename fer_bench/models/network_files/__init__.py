"""Backbones in files that the user names: saved Keras networks and ONNX files."""
