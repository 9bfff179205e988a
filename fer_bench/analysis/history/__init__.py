"""History of an experiment: stored runs in chronological order and change points of metrics."""
