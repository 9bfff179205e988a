"""A benchmark of pretrained and random backbones for facial emotion recognition.

Importing this package loads neither Keras nor TensorFlow: they load when a network is built.
"""

__version__ = "0.1.0"
