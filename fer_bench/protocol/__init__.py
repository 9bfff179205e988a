"""Definition of the experiment: settings, cells, shards, label codes, published numbers."""
