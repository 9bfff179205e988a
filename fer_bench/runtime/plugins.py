"""Objects that other installed packages offer through entry points, imported when first used."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import Any

from fer_bench.runtime.errors import FerBenchError, cut


@dataclass(frozen=True)
class Plugin:
    """An entry point of another package, which offers an object of a kind such as "backbone"."""

    kind: str
    package: str
    entry: importlib.metadata.EntryPoint

    def load(self) -> Any:
        """Import the object.

        Raises:
            FerBenchError: the import fails.
        """
        try:
            return self.entry.load()
        # A module of another package may raise any exception.
        except Exception as error:
            cause = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise self.error(f"cannot be imported: {cut(cause, 200)}") from error

    def error(self, problem: str, accepted: str = "") -> FerBenchError:
        """Return an error with the package; the entry point is the subject of ``problem``."""
        return FerBenchError(
            f"{self.kind} {self.entry.name!r} ({self.entry.value}) of package {self.package!r} "
            f"{problem}",
            accepted,
            f"update the package, or uninstall it: 'pip uninstall {self.package}'",
        )


def plugins(kind: str, group: str) -> dict[str, Plugin]:
    """Return the entry points of a group such as ``"fer_bench.backbones"``; none is imported."""
    found: dict[str, Plugin] = {}
    for entry in importlib.metadata.entry_points(group=group):
        package = entry.dist.name if entry.dist is not None else "unknown"
        found.setdefault(entry.name, Plugin(kind, package, entry))
    return found
