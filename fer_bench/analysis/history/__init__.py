"""Runs of one experiment in the order of time, and the runs in which a metric moved."""
