"""Meaning of results: seed groups, tests between networks, subsets, claims, comparison, history."""
