"""What is compared, as values: settings, cells, shards, label codes, published numbers."""
