"""Two sides of results files, and what became of each figure between them: pure functions."""
