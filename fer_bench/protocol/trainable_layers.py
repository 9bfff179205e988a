"""Number of trained layers at the end of a backbone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from fer_bench.protocol.cell import Init

Trainable = int | Literal["all"]


@dataclass(frozen=True)
class TrainableLayers:
    """Number of trained layers at the end of a backbone, or ``"all"``, for each init."""

    pretrained: Trainable = 4
    random: Trainable = 4

    def of(self, init: Init) -> Trainable:
        """Return the value for one init."""
        return self.pretrained if init == "pretrained" else self.random

    @classmethod
    def parse(cls, text: str) -> TrainableLayers:
        """Parse ``4``, ``all``, or ``pretrained:4,random:all``.

        Raises:
            FerBenchError: the text has another form.
        """
        accepted = "0 or more, 'all', or both inits as in 'pretrained:4,random:all'"

        def number(word: str) -> Trainable:
            if word == "all":
                return "all"
            if re.fullmatch(r"[0-9]{1,6}", word):
                return int(word)
            raise FerBenchError(f"trainable layers {text!r}: {word!r} is not a number", accepted)

        if ":" not in text:
            value = number(text.strip())
            return cls(value, value)
        values: dict[str, Trainable] = {}
        for part in text.split(","):
            init, _, word = (piece.strip() for piece in part.partition(":"))
            if init not in ("pretrained", "random") or init in values:
                raise FerBenchError(f"trainable layers {text!r}: {part!r} is invalid", accepted)
            values[init] = number(word)
        return cls(**values)

    def __str__(self) -> str:
        if self.pretrained == self.random:
            return str(self.pretrained)
        return f"pretrained:{self.pretrained},random:{self.random}"
