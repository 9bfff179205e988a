"""Benchmark of pretrained and random backbones for facial emotion recognition.

The public API. Importing it loads none of Keras, TensorFlow and pandas; they load when
something needs them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fer_bench.runtime.version import __version__

if TYPE_CHECKING:
    from fer_bench._api import compare, load_results, run
    from fer_bench.data import Dataset, register_dataset
    from fer_bench.models import Backbone, WeightsSource
    from fer_bench.models import register as register_backbone
    from fer_bench.runtime.errors import FerBenchError

__all__ = [
    "Backbone",
    "Dataset",
    "FerBenchError",
    "WeightsSource",
    "__version__",
    "compare",
    "load_results",
    "register_backbone",
    "register_dataset",
    "run",
]

_SOURCES = {
    "Backbone": "fer_bench.models:Backbone",
    "Dataset": "fer_bench.data:Dataset",
    "FerBenchError": "fer_bench.runtime.errors:FerBenchError",
    "WeightsSource": "fer_bench.models:WeightsSource",
    "compare": "fer_bench._api:compare",
    "load_results": "fer_bench._api:load_results",
    "register_backbone": "fer_bench.models:register",
    "register_dataset": "fer_bench.data:register_dataset",
    "run": "fer_bench._api:run",
}


def __getattr__(name: str) -> Any:
    """Import a name of the API when it is first used (PEP 562)."""
    if name not in _SOURCES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _SOURCES[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
