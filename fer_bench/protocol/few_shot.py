"""Few-shot evaluation: heads that are fitted on a few training images of each class."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fer_bench.protocol.fitted_heads import fitted_names
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Collection

MIEB = "mieb"
"""Name of the few-shot evaluation of MIEB, the Massive Image Embedding Benchmark.

Xiao et al., *MIEB: Massive Image Embedding Benchmark*, 2025, arXiv 2504.10471. Its settings are
those of the task ``FER2013`` in https://github.com/embeddings-benchmark/mteb.
"""

MIEB_HEAD = "logreg"
"""Head of the cells that get the row of MIEB."""

MIEB_SHOTS, MIEB_DRAWS, MIEB_ITERATIONS = 16, 5, 100

MIEB_TEST = 7178
"""Number of test images of its task FER2013."""

MIEB_PUBLISHED = {"CLIP ViT-B/32": (0.42884, 0.38463), "DINOv2 base": (0.39944, 0.35704)}
"""Accuracy and macro F1 that MIEB publishes for FER2013, by network.

They are the means over five draws in ``FER2013.json`` of ``openai__clip-vit-base-patch32`` and
``facebook__dinov2-base`` in https://github.com/embeddings-benchmark/results (mteb 1.14.15).
"""

_FORMS = f"numbers of images of each class, as in 1,4,16, and {MIEB}"


@dataclass(frozen=True)
class Shots:
    """Numbers of training images of each class that heads are fitted on; false if there are none.

    Attributes:
        counts: the numbers, ascending.
        mieb: if True, cells with the head ``MIEB_HEAD`` are evaluated in the way of MIEB too.
    """

    counts: tuple[int, ...] = ()
    mieb: bool = False

    @classmethod
    def parse(cls, text: str) -> Shots:
        """Parse ``none``, ``16``, ``1,4,16``, ``mieb`` or ``16,mieb``.

        Raises:
            FerBenchError: the text has another form, or a number occurs twice.
        """
        words = [word.strip() for word in text.split(",")]
        if words == [str(cls())]:
            return cls()
        for word in words:
            if word != MIEB and not re.fullmatch("[1-9][0-9]{0,5}", word):
                raise FerBenchError(f"shots {text!r}: {word!r} is invalid", _FORMS)
            if words.count(word) > 1:
                raise FerBenchError(f"shots {text!r}: {word!r} is named twice", _FORMS)
        return cls(tuple(sorted(int(word) for word in words if word != MIEB)), MIEB in words)

    def of(self, head: str) -> Shots:
        """Return the evaluations of a cell with this head, which is fitted."""
        return self if head == MIEB_HEAD else replace(self, mieb=False)

    def check_heads(self, names: Collection[str]) -> None:
        """Check that one of these heads can be evaluated.

        Raises:
            FerBenchError: none is fitted, or none is MIEB's although it is to be evaluated.
        """
        accepted = [MIEB_HEAD] if self.mieb else [*fitted_names()]
        if not {*accepted} & {*names}:
            raise FerBenchError(
                f"shots {self} with head {','.join(names)}: none of its heads can be fitted on a "
                "few images",
                f"a head among {', '.join(accepted)}",
                f"add --head={MIEB_HEAD}",
            )

    def __bool__(self) -> bool:
        return bool(self.counts) or self.mieb

    def __str__(self) -> str:
        """Return the text that ``parse`` accepts."""
        return ",".join([*map(str, self.counts), *([MIEB] if self.mieb else [])]) or "none"
