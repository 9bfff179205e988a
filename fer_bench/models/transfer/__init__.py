"""From a backbone to a network for emotions, cut where its frozen part ends.

The last layer is excluded already when a backbone is built. Here the head goes on top, all
layers but the last few are frozen, and the graph is cut in two: a frozen prefix, whose output
for an image never changes, and a trainable suffix. Training the suffix on the prefix's stored
outputs is the same computation as training the whole network, without repeating its frozen part
in every epoch.

Both parts are rewritten into graphs that compute the same faster: the prefix without batch
normalisation after its convolutions (``folding``), the suffix without convolutions that are matrix
products (``compilable``).
"""

from fer_bench.models.transfer.batch_norm_folding import fold_batch_normalization
from fer_bench.models.transfer.compilable import make_compilable
from fer_bench.models.transfer.cut import cut, freeze
from fer_bench.models.transfer.network import Network, attach_head, transfer

__all__ = [
    "Network",
    "attach_head",
    "cut",
    "fold_batch_normalization",
    "freeze",
    "make_compilable",
    "transfer",
]
