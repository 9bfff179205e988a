"""Benchmark of pretrained and random backbones for facial emotion recognition.

The public API. Importing it loads none of Keras, TensorFlow and pandas; they load when
something needs them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fer_bench.runtime.version import __version__

if TYPE_CHECKING:
    from fer_bench._api import (
        backbones,
        compare,
        datasets,
        heads,
        load_results,
        run,
        write_report,
    )
    from fer_bench.analysis.comparison import ComparisonResult
    from fer_bench.data import Dataset, register_dataset
    from fer_bench.models import Backbone, WeightsSource
    from fer_bench.models import register as register_backbone
    from fer_bench.predict import Prediction, Predictions, Predictor
    from fer_bench.protocol.fitted_heads import HeadKind, register_head
    from fer_bench.results.records import Run
    from fer_bench.runtime.errors import FerBenchError
    from fer_bench.training.trained_cell import TrainedCell

__all__ = [
    "Backbone",
    "ComparisonResult",
    "Dataset",
    "FerBenchError",
    "HeadKind",
    "Prediction",
    "Predictions",
    "Predictor",
    "Run",
    "TrainedCell",
    "WeightsSource",
    "__version__",
    "backbones",
    "compare",
    "datasets",
    "heads",
    "load_results",
    "register_backbone",
    "register_dataset",
    "register_head",
    "run",
    "write_report",
]

_SOURCES = {
    "Backbone": "fer_bench.models:Backbone",
    "ComparisonResult": "fer_bench.analysis.comparison:ComparisonResult",
    "Dataset": "fer_bench.data:Dataset",
    "FerBenchError": "fer_bench.runtime.errors:FerBenchError",
    "HeadKind": "fer_bench.protocol.fitted_heads:HeadKind",
    "Prediction": "fer_bench.predict:Prediction",
    "Predictions": "fer_bench.predict:Predictions",
    "Predictor": "fer_bench.predict:Predictor",
    "Run": "fer_bench.results.records:Run",
    "TrainedCell": "fer_bench.training.trained_cell:TrainedCell",
    "WeightsSource": "fer_bench.models:WeightsSource",
    "backbones": "fer_bench._api:backbones",
    "compare": "fer_bench._api:compare",
    "datasets": "fer_bench._api:datasets",
    "heads": "fer_bench._api:heads",
    "load_results": "fer_bench._api:load_results",
    "register_backbone": "fer_bench.models:register",
    "register_dataset": "fer_bench.data:register_dataset",
    "register_head": "fer_bench.protocol.fitted_heads:register_head",
    "run": "fer_bench._api:run",
    "write_report": "fer_bench._api:write_report",
}


def __getattr__(name: str) -> Any:
    """Import a name of the API when it is first used (PEP 562)."""
    if name not in _SOURCES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _SOURCES[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
