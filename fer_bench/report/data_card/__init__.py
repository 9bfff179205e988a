"""Data card: description, known issues and unknowns of a data set.

Its questions follow T. Gebru et al., "Datasheets for Datasets" (Communications of the ACM 64,
2021). Every statement in it was either measured or published.
"""

from fer_bench.report.data_card.markdown import data_card

__all__ = ["data_card"]
