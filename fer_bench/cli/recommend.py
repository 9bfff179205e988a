"""``fer-bench recommend``: the network to choose by results files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath, PositiveNumber, parse_count
from fer_bench.cli.results_files import read_named
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.escapes import clean
from fer_bench.runtime.terminal import echo_lines, terminal_width

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.analysis.metric_contrasts import Metric
    from fer_bench.analysis.run_analysis import Analysis


@click.command("recommend", short_help="Recommend a network by results files.")
@click.argument("results", nargs=-1, required=True, metavar="RUN...", type=NonEmptyPath())
@click.option(
    "--metric",
    type=click.Choice(["accuracy", "macro_f1", "uar", "deduplicated"]),
    default="accuracy",
    show_default=True,
    help="Metric on the test images to rank by; uar: mean recall of the classes; deduplicated: "
    "accuracy on the images without a duplicate in training.",
)
@click.option(
    "--min-speed",
    type=PositiveNumber(),
    metavar="N",
    help="Smallest inference speed in images per second.",
)
@click.option(
    "--batch-size",
    type=click.Choice(["1", "32"]),
    default="32",
    show_default=True,
    help="Batch size of the inference speed: 1 for single images, as from a camera.",
)
@click.option(
    "--max-parameters",
    callback=parse_count,
    metavar="N",
    help="Largest number of parameters, head included, as in 300k or 5M.",
)
@click.option(
    "--device",
    type=click.Choice(["cpu", "gpu", "tpu"]),
    help="Device that the speeds must have been measured on.",
)
@click.pass_context
def command(
    context: click.Context,
    results: tuple[Path, ...],
    metric: Metric,
    min_speed: float | None,
    batch_size: str,
    max_parameters: int | None,
    device: str | None,
) -> None:
    """Recommend the network with the highest metric that meets the limits.

    RUN is as for 'report'. Networks that are not clearly above the majority-class baseline, or
    whose accuracy batch normalisation distorts, are left out with the reason. Of those that are
    not significantly below the best one, the fastest is recommended. The paper's own recommendation
    is shown next to what was measured on FER2013.

    Exit status: 0 a recommendation, also if it is undecided, 1 none.
    """
    from fer_bench.analysis.recommendation import Requirements, recommend
    from fer_bench.report.recommendation_text import paragraph, recommendation_tables
    from fer_bench.report.table_rendering import terminal, wrapped

    asked = Requirements(metric, int(batch_size), min_speed, max_parameters, device)
    found = recommend(_analysis(results), asked)
    width = terminal_width()
    tables = terminal(recommendation_tables(found), width)
    echo_lines("\n".join([*wrapped(clean(paragraph(found)), width), "", tables]) + "\n")
    context.exit(0 if found.chosen is not None else 1)


def _analysis(paths: tuple[Path, ...]) -> Analysis:
    """Read runs and analyse their cells together.

    Raises:
        FerBenchError: a file cannot be read, or the runs were tested on different images.
    """
    from fer_bench.analysis.experiments import by_test_images, group_experiments, pool
    from fer_bench.analysis.run_analysis import analyse

    runs, _ = read_named(paths)
    sets = by_test_images(group_experiments(runs))
    if len(sets) > 1:
        names = [one.name for members in sets for one in members]
        raise FerBenchError(
            f"the runs were tested on {len(sets)} different sets of images: {'; '.join(names)}",
            "runs with the same test images",
            "recommend from each set on its own",
        )
    run, _ = pool(sets[0])
    return analyse(run)
