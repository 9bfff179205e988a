"""Analysis of results: seed groups, pairwise tests, subsets, claims, comparison and history."""
