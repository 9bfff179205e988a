"""Heads: the classifiers that a cell puts on its backbone."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace

from fer_bench.protocol.fitted_heads import FITTED, NAME, fitted_names, head_kind
from fer_bench.runtime.errors import FerBenchError

LINEAR = "linear"
"""Name of the paper's head, the default: one softmax layer."""

_DECIMALS = 6
"""Decimals of a dropout in the name of a head."""

_MLP = re.compile(r"mlp:([1-9][0-9]{0,4}(?:[x,][1-9][0-9]{0,4})*)(?:d(0\.[0-9]{1,6}))?")


@dataclass(frozen=True)
class Head:
    """One head.

    Attributes:
        kind: ``"linear"``, ``"mlp"`` or the name of a head that is fitted.
        widths: units of the hidden layers of an ``"mlp"``.
        dropout: share of the units that is dropped after each hidden layer in training, from 0 to
            below 1.
    """

    kind: str = LINEAR
    widths: tuple[int, ...] = ()
    dropout: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Head:
        """Parse the name of one head: ``linear``, ``mlp:256x128``, ``mlp:256,128d0.3``.

        Raises:
            FerBenchError: there is no such head, or the package that offers it is broken.
        """
        found = _MLP.fullmatch(text)
        if found is not None:
            widths = tuple(map(int, re.split("[x,]", found[1])))
            return cls("mlp", widths, float(found[2] or 0))
        if text != LINEAR and text not in FITTED:
            names = (LINEAR, *fitted_names())
            if text not in names:
                near = difflib.get_close_matches(text, names, 1)
                hint = f"did you mean {near[0]!r}?" if near else ""
                forms = f"{', '.join(names)}, or mlp:256,128 (dense ReLU layers of these widths)"
                raise FerBenchError(f"head {text!r} is unknown", forms, hint)
            # A broken package ends the run before it begins.
            head_kind(text)
        return cls(text)

    @property
    def is_fitted(self) -> bool:
        """True if it is fitted in one step, on features of the frozen backbone."""
        return is_fitted(self.kind)

    def __str__(self) -> str:
        """Return the canonical name: ``mlp:256x128d0.3``."""
        if not self.widths:
            return self.kind
        dropout = f"d{self.dropout:.{_DECIMALS}f}".rstrip("0") if self.dropout else ""
        return f"{self.kind}:{'x'.join(map(str, self.widths))}{dropout}"


@dataclass(frozen=True)
class Heads:
    """Canonical names of the heads of a run, at least one, each once, in the order of the run."""

    names: tuple[str, ...] = (LINEAR,)

    @classmethod
    def parse(cls, text: str, dropout: float | None = None) -> Heads:
        """Parse names separated by commas: ``linear,mlp:256,128``.

        A number continues the list of widths before it.

        Args:
            text: the names.
            dropout: dropout of the multilayer heads whose names have none.

        Raises:
            FerBenchError: a head is unknown or named twice, the dropout is out of range, or there
                is a dropout but no multilayer head.
        """
        # Its text in records, so that the command of a run can repeat it.
        if text == str(cls()):
            return cls()
        # The comma before a number belongs to the widths of an mlp.
        words = re.split(",(?![0-9])", "".join(text.split()))
        heads = [Head.parse(word) for word in words]
        if dropout is not None:
            heads = _with_dropout(heads, dropout)
        names = tuple(map(str, heads))
        for name in names:
            if names.count(name) > 1:
                raise FerBenchError(f"head {name!r} is named twice", "each head once")
        return cls(names)

    def __str__(self) -> str:
        """Return the names separated by commas; ``one softmax layer`` for the default."""
        return "one softmax layer" if self.names == (LINEAR,) else ",".join(self.names)


def _with_dropout(heads: list[Head], dropout: float) -> list[Head]:
    dropout = round(dropout, _DECIMALS)
    if not 0 <= dropout < 1:
        raise FerBenchError(f"dropout {dropout} is out of range", "0 to below 1")
    if not any(head.widths for head in heads):
        raise FerBenchError(
            f"dropout {dropout} has no layer to follow",
            "a head with hidden layers",
            "add --head=mlp:256 or omit --dropout",
        )
    return [
        replace(head, dropout=dropout) if head.widths and not head.dropout else head
        for head in heads
    ]


def is_fitted(name: str) -> bool:
    """Return True if a head is fitted in one step, without epochs, whether installed or not."""
    return name not in (LINEAR, "mlp") and NAME.fullmatch(name) is not None


def short_form(name: str) -> str:
    """Return a head's name as part of a cell's id: letters, digits and dots."""
    return name.replace(":", "")
