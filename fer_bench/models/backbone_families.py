"""Families of backbones that are selected by a prefix and a name, as ``keras:Xception``."""

from __future__ import annotations

import difflib
import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.models.backbone import Backbone


@dataclass(frozen=True)
class Family:
    """Backbones of one library, which are found by their names and not registered.

    Attributes:
        prefix: prefix of the names on the command line, for example ``"keras:"``.
        origin: library of the backbones, for example ``"Keras"``.
        accepted: description of the accepted names, for messages.
        backbones: backbones by the name after the prefix.
        registered: names after the prefix that stand for a registered backbone, with its name.
        unavailable: names after the prefix of networks that cannot be built, with the reason.
    """

    prefix: str
    origin: str
    accepted: str
    backbones: Mapping[str, Backbone]
    registered: Mapping[str, str] = field(default_factory=dict)
    unavailable: Mapping[str, str] = field(default_factory=dict)

    def names(self) -> tuple[str, ...]:
        """Return the names of all backbones on the command line."""
        return tuple(self.prefix + name for name in {**self.backbones, **self.registered})

    def find(self, name: str) -> Backbone | None:
        """Return the backbone with this name, or None if the name is not one of this family.

        Args:
            name: name with prefix, as ``keras:EfficientNetV2B0``, or the backbone's own,
                ``keras-efficientnetv2b0``.

        Raises:
            FerBenchError: the name has the prefix, but its network cannot be built, or it is
                unknown; the hint is the closest match.
        """
        if not name.startswith(self.prefix):
            return next((entry for entry in self.backbones.values() if entry.name == name), None)
        own = name.removeprefix(self.prefix)
        if own in self.backbones:
            return self.backbones[own]
        if own in self.unavailable:
            raise FerBenchError(
                f"backbone {name!r} cannot be built: {self.unavailable[own]}", self.accepted
            )
        similar = {known.lower(): known for known in (*self.backbones, *self.registered)}
        nearest = difflib.get_close_matches(own.lower(), similar, n=1)
        raise FerBenchError(
            f"backbone {name!r} is unknown",
            self.accepted,
            f"did you mean {self.prefix + similar[nearest[0]]!r}?" if nearest else "",
        )

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Return the names that match a pattern such as ``keras:MobileNet*``, in any case."""
        if not pattern.startswith(self.prefix) or "*" not in pattern:
            return ()
        known = self.names()
        return tuple(name for name in known if fnmatch.fnmatchcase(name.lower(), pattern.lower()))

    def name_of(self, backbone: Backbone) -> str | None:
        """Return the name to select a backbone by, or None if it is not one of this family."""
        return next(
            (self.prefix + name for name, entry in self.backbones.items() if entry == backbone),
            None,
        )
