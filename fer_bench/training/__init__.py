"""Training of a cell's suffix on stored features, with Keras."""
