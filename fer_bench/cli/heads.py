"""``fer-bench heads``: the heads that can be put on a backbone, by name."""

from __future__ import annotations

import click

from fer_bench.cli.project_conftest import with_conftest
from fer_bench.runtime.terminal import echo_lines

_HEADINGS = ("name", "regularisation", "origin", "classifier")


@click.command("heads", short_help="List all heads.")
@with_conftest
def command() -> None:
    """List all heads: those trained by epochs, and those fitted on a frozen backbone.

    Regularisation is the parameter that is chosen on the validation images, and its values.
    """
    from fer_bench.cli.printed_table import table_text
    from fer_bench.protocol.fitted_heads import fitted_names, head_kind, head_origin
    from fer_bench.protocol.head import LINEAR

    rows = [
        (LINEAR, "none", "fer_bench", "one softmax layer, the default"),
        ("mlp:256,128", "--dropout", "fer_bench", "ReLU layers of these widths, then softmax"),
    ]
    for name in fitted_names():
        kind = head_kind(name)
        rows.append((name, kind.grid, head_origin(name), kind.estimator))
    echo_lines(table_text(_HEADINGS, rows, wrapped=("regularisation", "classifier")) + "\n")
