"""Benchmarks of every cell, which an installed package has as ``fer_bench.benchmarks``."""
