"""What was computed before: frozen features, checkpoints of training, results of cells.

Everything lies under one folder, is known by a digest of all that determines it, is proven by its
own digest before it is used, and is written by one process at a time. A process that is killed
loses at most the shard or the epoch it was working on.
"""
