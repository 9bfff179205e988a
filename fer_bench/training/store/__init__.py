"""Store of earlier computations: frozen features, training checkpoints, results of cells.

Everything is in one directory, is identified by a digest of everything that determines it, is
verified by its own digest before it is used, and is written by one process at a time. A process
that is killed loses at most the shard or the epoch it was working on.
"""
