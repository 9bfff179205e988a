"""Transfer learning: attach a head to a backbone, freeze layers, split off the frozen part.

Backbones are built without their classification layer. Here a head is attached, all layers but the
last few are frozen, and the graph is cut in two: a frozen prefix, whose output for an image never
changes, and a trainable suffix. Training the suffix on the stored outputs of the prefix is the same
computation as training the complete network, but does not repeat the frozen part in every epoch.

Both parts are rewritten into equivalent, faster graphs: in the prefix, batch normalisation is
folded into convolutions (``batch_norm_folding``); in the suffix, convolutions that are matrix
products are computed as such (``compilable``).
"""

from fer_bench.models.transfer.batch_norm_folding import fold_batch_normalization
from fer_bench.models.transfer.cut import cut, freeze
from fer_bench.models.transfer.network import (
    Extractor,
    Network,
    attach_extractor,
    attach_head,
    transfer,
)
from fer_bench.models.transfer.xla_rewrite import make_compilable

__all__ = [
    "Extractor",
    "Network",
    "attach_extractor",
    "attach_head",
    "cut",
    "fold_batch_normalization",
    "freeze",
    "make_compilable",
    "transfer",
]
