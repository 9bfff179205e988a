"""A data set's card: what it is, what is wrong with it, and what nobody knows of it.

What such a card answers follows T. Gebru et al., "Datasheets for Datasets" (Communications of the
ACM 64, 2021). Nothing stands in it that was neither measured nor published.
"""

from fer_bench.report.data_card.markdown import data_card

__all__ = ["data_card"]
