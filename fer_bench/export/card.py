"""Model card of an exported cell, Markdown.

Its sections follow M. Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019). Every number
in it was measured. Texts that users can choose are escaped.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from fer_bench.runtime.escapes import clean, in_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2 import Template

    from fer_bench.results.model_metadata import ClassRecall, ModelMetadata, Share
    from fer_bench.results.records import DatasetSummary

_SHOWN = (
    *("trainable_layers", "epochs", "learning_rate", "optimizer", "batch_size", "recipe"),
    *("batch_normalization", "augment", "class_weight", "dedupe", "labels"),
)
"""Settings in the card; the metadata has all."""


def model_card(metadata: ModelMetadata, dataset: DatasetSummary) -> str:
    """Return the model card.

    Args:
        metadata: metadata of the model; its card is not used.
        dataset: data set that the cell was trained and tested on.
    """
    settings = dict(metadata.protocol)
    return _template().render(
        model=metadata,
        data=dataset,
        settings=[
            (name, settings[name])
            for name in _SHOWN
            # These are those of the data set itself, whichever it is.
            if name in settings and (name, settings[name]) != ("labels", "fer2013")
        ],
        chosen=list(_chosen_on_validation(metadata.head, settings)),
        drawn=metadata.dataset == "sketch",
        duplicates=sum(code > 0 for code in dataset.test_twins) if dataset.test_twins else None,
    )


def _chosen_on_validation(head: str, settings: Mapping[str, str]) -> Iterator[str]:
    """Yield what was chosen on the validation images."""
    if settings.get("sweep", "none") != "none":
        yield "the settings of the sweep"
    if settings.get("early_stopping", "none") != "none":
        yield "the epoch to stop at"
    if f"head_{head}" in settings:
        yield "the regularisation of the head"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _measured(share: Share) -> str:
    return (
        f"{_percent(share.value)} (95 % CI {100 * share.low:.1f} to {100 * share.high:.1f}, "
        f"{share.images:,} images)"
    )


def _interval(one: ClassRecall) -> str:
    if one.low is None or one.high is None:
        return "-"
    return f"{100 * one.low:.1f} to {100 * one.high:.1f}"


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        # Markdown, which is escaped by the filter ``text``.
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        text=lambda value: in_markdown(clean(str(value))),
        percent=_percent,
        measured=_measured,
        interval=_interval,
    )
    source = resources.files("fer_bench.export").joinpath("model_card.md.j2")
    return environment.from_string(source.read_text(encoding="utf-8"))
