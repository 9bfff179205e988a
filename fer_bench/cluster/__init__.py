"""Cells as jobs: their plan, a directory with their states, and backends that run them."""
