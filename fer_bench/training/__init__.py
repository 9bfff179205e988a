"""Training of a cell's suffix: ``trainer`` does it with Keras, ``state`` is how far it has come."""
