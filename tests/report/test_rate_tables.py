from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from made_runs import made_settings

from fer_bench.analysis.deviations import deviations
from fer_bench.analysis.run_analysis import analyse
from fer_bench.protocol import published
from fer_bench.protocol.settings import Protocol
from fer_bench.report.convergence_tables import rate_tables
from fer_bench.results.quality import History, Quality
from fer_bench.results.records import CellResult, DatasetSummary, Run

if TYPE_CHECKING:
    from fer_bench.report.table import Row, Table

# Seven epochs whose three kinds of figures share no value. Before training: 0.10 and 0.12 of
# accuracy, 2.0 and 2.1 of loss.
HISTORY = History(
    running_accuracy=(0.20, 0.30, 0.50, 0.55, 0.60, 0.64, 0.66),
    running_loss=(1.90, 1.70, 1.40, 1.30, 1.20, 1.15, 1.05),
    train_accuracy=(0.10, 0.26, 0.41, 0.52, 0.57, 0.62, 0.65, 0.67),
    train_loss=(2.00, 1.80, 1.55, 1.35, 1.25, 1.18, 1.11, 1.01),
    validation_accuracy=(0.12, 0.15, 0.25, 0.31, 0.27, 0.35, 0.36, 0.33),
    validation_loss=(2.10, 1.95, 1.85, 1.75, 1.80, 1.70, 1.72, 1.90),
)


def cell(backbone: str, init: str = "random", history: History | None = HISTORY) -> CellResult:
    quality = None if history is None else Quality(history, 0.3, 1.8, (0.5, None), ((1, 1), (0, 0)))
    return CellResult(backbone, backbone.title(), init, "fer2013", 1, "ok", quality=quality)


def small_run(
    *cells: CellResult, epochs: int = 7, window: int = 5, data: str = "sketch", **settings: Any
) -> Run:
    return Run(
        protocol=tuple(Protocol(epochs=epochs, window=window, **settings).settings()),
        dataset=DatasetSummary(data, "d", (("Happy", 3), ("Sad", 2)), "paper", 3, 1, 1),
        environment=(),
        cells=cells,
    )


def cut_after(epochs: int) -> History:
    """Return the history as it is if early stopping kept this epoch."""
    series = (
        getattr(HISTORY, item.name)[: epochs + (not item.name.startswith("running"))]
        for item in dataclasses.fields(History)
    )
    return History(*series)


def test_early_stopping_leaves_later_windows_empty_and_says_so() -> None:
    run = small_run(cell("a", history=cut_after(4)), epochs=12, window=3, early_stopping=2)
    for table in rate_tables(analyse(run)):
        filled = [entry is not None for entry in only_row(table).entries]
        assert filled == [True, False, False, False, True, True, False, False]
        (note,) = (note for note in table.notes if note.startswith("Early stopping"))
        assert "A random 4 of 12" in note
    full = [
        only_row(one).entries[0] for one in rate_tables(analyse(small_run(cell("a"), window=3)))
    ]
    early = [only_row(one).entries[0] for one in rate_tables(analyse(run))]
    assert early == full


def test_a_seed_that_stopped_earlier_counts_with_its_last_values() -> None:
    seeds = [
        dataclasses.replace(cell("a", history=cut_after(epochs)), seed=epochs) for epochs in (2, 4)
    ]
    analysis = analyse(small_run(*seeds, epochs=12, window=3, early_stopping=2))
    quality = analysis.means[0].quality
    assert quality is not None
    assert quality.history.validation_accuracy == pytest.approx((0.12, 0.15, 0.25, 0.28, 0.26))
    (note,) = (one for one in rate_tables(analysis)[0].notes if one.startswith("Early stopping"))
    assert "2, 4 of 12" in note
    assert "last values" in note


def test_a_short_history_needs_early_stopping() -> None:
    with pytest.raises(ValueError, match="has 4 epochs and the protocol 12"):
        rate_tables(analyse(small_run(cell("a", history=cut_after(4)), epochs=12)))


def only_row(table: Table) -> Row:
    (row,) = table.rows
    return row


def shown(table: Table) -> list[tuple[str, str]]:
    return [(column.group, column.name) for column in table.columns]


EN = "\N{EN DASH}"


def test_tables_2_to_5_have_the_papers_columns(run: Run) -> None:
    tables = rate_tables(analyse(run))
    assert [table.key for table in tables] == ["table-2", "table-3", "table-4", "table-5"]
    windows = [f"1{EN}5", f"6{EN}10", f"11{EN}15", f"16{EN}20"]
    untrained = [("untrained", window) for window in windows]
    for table in tables[:3]:
        assert shown(table) == [
            *((window, name) for window in windows for name in ("this run", "paper")),
            *untrained,
        ]
        assert [column.keys for column in table.columns[:2]] == [(windows[0], "consecutive"), None]
        assert table.columns[-1].keys == (windows[-1], "untrained")
    # The source has no value of Table 5.
    assert shown(tables[3]) == [*(("consecutive", window) for window in windows), *untrained]


def test_rows_are_named_as_in_the_paper(run: Run) -> None:
    for table in rate_tables(analyse(run)):
        assert [row.label for row in table.rows] == [
            "MobileNet pretrained",
            "MobileNet random",
            "OpenFace pretrained",
            "OpenFace random",
            "ResNet-50 pretrained",
            "ResNet-50 random",
            "VGG-Face pretrained",
            "VGG-Face random",
        ]


def test_titles_say_rate_and_figure(run: Run) -> None:
    titles = [table.title for table in rate_tables(analyse(run))]
    for title, number, words in zip(
        titles,
        (2, 3, 4, 5),
        ("(MCR) of accuracy", "(MCR) of loss", "(MOFR) of accuracy", "(MOFR) of loss"),
        strict=True,
    ):
        assert title.startswith(f"Table {number}. ")
        assert words in title


def test_rates_by_hand_in_ragged_windows() -> None:
    mcr_accuracy, mcr_loss, mofr_accuracy, mofr_loss = (
        only_row(table).entries for table in rate_tables(analyse(small_run(cell("mini"))))
    )
    # consecutive, epochs 1 to 6 and 6 to 7; untrained, 0 to 5 and 5 to 7. Running figures of epochs
    # 1, 5, 6 and 7: accuracy 0.20, 0.60, 0.64, 0.66; loss 1.90, 1.20, 1.15, 1.05; evaluated before
    # training 0.10 and 2.00.
    assert mcr_accuracy == pytest.approx((0.44 / 5, 0.02, 0.50 / 5, 0.06 / 2))
    assert mcr_loss == pytest.approx((-0.75 / 5, -0.10, -0.80 / 5, -0.15 / 2))
    # Less those of validation: accuracy 0.15, 0.35, 0.36, 0.33; loss 1.95, 1.70, 1.72, 1.90; before
    # training 0.12 and 2.10.
    assert mofr_accuracy == pytest.approx(
        ((0.44 - 0.21) / 5, 0.02 + 0.03, (0.50 - 0.23) / 5, (0.06 + 0.02) / 2)
    )
    assert mofr_loss == pytest.approx(
        ((-0.75 + 0.23) / 5, -0.10 - 0.18, (-0.80 + 0.40) / 5, (-0.15 - 0.20) / 2)
    )


def test_ragged_windows_are_named_and_have_no_published_value() -> None:
    table = rate_tables(analyse(small_run(cell("mobilenet"), data="fer2013")))[0]
    assert [group for group, _ in shown(table)][3] == f"6{EN}7"
    assert only_row(table).entries[1] == 0.013814
    assert only_row(table).entries[3] is None


def test_other_data_has_no_published_values() -> None:
    for table in rate_tables(analyse(small_run(cell("mobilenet")))):
        assert not any(column.published or column.compared for column in table.columns)
        assert len(only_row(table).entries) == 4


def test_published_values_stand_in_their_window(run: Run) -> None:
    mcr_accuracy, mcr_loss, mofr_accuracy, mofr_loss = rate_tables(analyse(run))

    def published(table: Table, label: str) -> tuple[object, ...]:
        (row,) = (row for row in table.rows if row.label == label)
        return tuple(
            entry
            for entry, column in zip(row.entries, table.columns, strict=True)
            if column.published
        )

    assert published(mcr_accuracy, "ResNet-50 random") == (0.052546, 0.045559, 0.023246, 0.007233)
    assert published(mcr_loss, "VGG-Face pretrained") == (-0.00415, -0.00199, -3.9e-05, -0.00179)
    assert published(mofr_accuracy, "MobileNet random") == (0.017102, 0.017952, 0.018843, 0.021943)
    assert published(mofr_accuracy, "OpenFace random") == (None,) * 4
    assert published(mofr_loss, "MobileNet random") == ()


def test_windows_of_another_length_have_no_published_values() -> None:
    history = dataclasses.replace(
        HISTORY,
        running_accuracy=(0.2,) * 10,
        running_loss=(1.0,) * 10,
        validation_accuracy=(0.1,) * 11,
        validation_loss=(2.0,) * 11,
    )
    table = rate_tables(
        analyse(small_run(cell("mobilenet", history=history), epochs=10, window=4, data="fer2013"))
    )[0]
    assert not any(column.published for column in table.columns)


def test_a_backbone_that_the_paper_lacks_has_no_published_values() -> None:
    for table in rate_tables(analyse(small_run(cell("mini"), data="fer2013"))):
        assert not any(column.published for column in table.columns)


def one_epoch() -> CellResult:
    return cell(
        "mini", history=History((0.3,), (1.5,), (0.1, 0.35), (2.0, 1.4), (0.1, 0.2), (2.1, 1.9))
    )


def test_one_epoch_has_a_rate_under_untrained_alone() -> None:
    tables = rate_tables(analyse(small_run(one_epoch(), epochs=1)))
    assert only_row(tables[0]).entries == (None, pytest.approx(0.2))
    assert only_row(tables[3]).entries == (None, pytest.approx((1.5 - 1.9) - (2.0 - 2.1)))


def test_windows_of_one_epoch() -> None:
    table = rate_tables(analyse(small_run(cell("mini"), window=1)))[0]
    entries = only_row(table).entries
    differences = (0.1, 0.2, 0.05, 0.05, 0.04, 0.02)
    assert entries[:7] == (*map(pytest.approx, differences), None)
    assert entries[7:] == (pytest.approx(0.1), *map(pytest.approx, differences))


# -- cells without figures


def test_a_skipped_cell_keeps_its_row_its_reason_and_the_published_values(run: Run) -> None:
    row = rate_tables(analyse(run))[0].rows[2]
    assert row.label == "OpenFace pretrained"
    papers = (None, 0.080035, None, 0.014538, None, 0.003204, None, 0.001637)
    assert row.entries == (*papers, *[None] * 4)
    assert row.reason.startswith("skipped: no weights: ")
    assert ": openface_weights.h5" in row.reason
    assert row.missing == "skipped"


def test_a_failed_cell_says_why(run: Run) -> None:
    row = rate_tables(analyse(run))[0].rows[6]
    assert row.reason == f"failed: {run.cells[6].reason}"
    assert "vgg_face_weights.h5" in row.reason
    assert row.missing == "failed"


def test_a_cell_whose_quality_was_not_asked_for_says_so() -> None:
    row = only_row(rate_tables(analyse(small_run(cell("mini", history=None))))[0])
    assert set(row.entries) == {None}
    assert row.reason.startswith("not measured")


def test_a_cell_that_failed_after_training_keeps_its_figures_and_says_why() -> None:
    failed = dataclasses.replace(
        cell("mini"), status="failed", reason="inference ran out of memory"
    )
    row = only_row(rate_tables(analyse(small_run(failed)))[0])
    assert row.entries[0] == pytest.approx(0.088)
    assert row.reason == f"failed: {failed.reason}"


def test_a_complete_cell_has_no_reason(run: Run) -> None:
    assert rate_tables(analyse(run))[0].rows[0].reason == ""


# -- notes


def test_a_run_like_the_papers_has_no_deviations(run: Run) -> None:
    assert deviations(run) == []
    assert not any(
        "Not directly comparable" in note
        for table in rate_tables(analyse(run))
        for note in table.notes
    )


def changes(found: list[str]) -> list[tuple[str, str]]:
    """For each deviation: what the run has, and what the paper has."""
    pairs = [line.partition(" instead of ") for line in found]
    return [(ours, papers) for ours, _, papers in pairs]


def test_deviations_are_named_in_every_table() -> None:
    away = small_run(cell("mobilenet"))
    named = deviations(away)
    assert changes(named) == [("data set sketch", "fer2013"), ("epochs 7", "20")]
    for table in rate_tables(analyse(away)):
        assert table.notes[-1].startswith("Not directly comparable")
        assert table.notes[-1].endswith(f": {'; '.join(named)}.")


def test_a_sample_of_the_papers_data_is_a_deviation(run: Run) -> None:
    counts = tuple((name, count // 10) for name, count in run.dataset.counts)
    few = dataclasses.replace(run.dataset, counts=counts, digest="0f" * 32)
    sample = dataclasses.replace(run, dataset=few)
    assert deviations(sample) == ["3,585 images instead of 35,887"]


def test_other_data_with_the_papers_counts_is_a_deviation(run: Run) -> None:
    sketch = dataclasses.replace(run.dataset, name="sketch")
    found = deviations(dataclasses.replace(run, dataset=sketch))
    assert changes(found) == [("data set sketch", "fer2013")]
    noise = dataclasses.replace(run.dataset, digest="0f" * 32)
    assert deviations(dataclasses.replace(run, dataset=noise)) == [
        f"images of digest {'0f' * 32} instead of {published.DIGEST}"
    ]


def test_results_without_a_digest_go_by_their_name(run: Run) -> None:
    older = dataclasses.replace(run.dataset, digest="")
    assert deviations(dataclasses.replace(run, dataset=older)) == []


def test_the_order_of_the_classes_is_no_deviation(run: Run) -> None:
    turned = dataclasses.replace(run.dataset, counts=run.dataset.counts[::-1])
    assert deviations(dataclasses.replace(run, dataset=turned)) == []


def test_every_changed_setting_is_a_deviation(run: Run) -> None:
    settings = made_settings(
        batch_size=64, learning_rate=0.01, split="kaggle", batch_normalization="frozen"
    )
    changed = dataclasses.replace(run, protocol=settings)
    assert changes(deviations(changed)) == [
        ("split kaggle", "paper"),
        ("learning rate 0.01", "0.0001"),
        ("batch normalization frozen", "paper"),
        ("batch size 64", "32"),
    ]


def test_the_epochs_of_each_convention_are_named(run: Run) -> None:
    for table in rate_tables(analyse(run)):
        (note,) = (note for note in table.notes if "untrained: " in note)
        assert f"1{EN}6, 6{EN}11, 11{EN}16, 16{EN}20" in note
        assert f"0{EN}5, 5{EN}10, 10{EN}15, 15{EN}20" in note
    note = rate_tables(analyse(small_run(one_epoch(), epochs=1)))[0].notes[1]
    assert ": none." in note
    assert f"0{EN}1" in note


# -- like for like


def on_rates_split(run: Run) -> Run:
    data = dataclasses.replace(run.dataset, split="80-20", train=28_710, validation=7_177, test=0)
    return dataclasses.replace(run, dataset=data, protocol=made_settings(split="80-20"))


def compared(run: Run) -> list[str]:
    return [column.group for column in rate_tables(analyse(run))[0].columns if column.compared]


def test_only_rates_on_the_papers_split_of_its_images_are_compared(run: Run) -> None:
    like = on_rates_split(run)
    # The last window has four differences here and three in the paper.
    assert compared(like) == [f"1{EN}5", f"6{EN}10", f"11{EN}15"]
    assert compared(run) == []
    few = dataclasses.replace(like.dataset, train=28_000)
    assert compared(dataclasses.replace(like, dataset=few)) == []
    other = dataclasses.replace(like.dataset, digest="0f" * 32)
    assert compared(dataclasses.replace(like, dataset=other)) == []


def test_rates_of_changed_settings_are_not_compared(run: Run) -> None:
    frozen = made_settings(split="80-20", batch_normalization="frozen")
    changed = dataclasses.replace(on_rates_split(run), protocol=frozen)
    assert compared(changed) == []
    for table in rate_tables(analyse(changed)):
        assert any("Not directly comparable" in note for note in table.notes)


def test_published_rates_of_another_split_say_so_with_the_command(run: Run) -> None:
    command = "fer-bench run --backbone=mobilenet,openface,resnet50,vggface --dataset=PATH"
    for table in rate_tables(analyse(run))[:3]:
        (note,) = (note for note in table.notes if "like for like" in note)
        assert "28,710" in note
        assert "25,121" in note
        assert note.endswith(f"{command} --split=80-20")


def test_rates_on_the_papers_split_have_no_such_note_and_no_deviation(run: Run) -> None:
    like = on_rates_split(run)
    for table in rate_tables(analyse(like)):
        assert not any("for like" in note or "Not directly" in note for note in table.notes)
    # The split differs from the stated one all the same.
    assert changes(deviations(like)) == [("split 80-20", "paper")]


def test_units_are_stated(run: Run) -> None:
    for table in rate_tables(analyse(run)):
        unit = "nats" if "loss" in table.title else "share"
        assert unit in table.notes[0]


def test_what_the_source_lacks_is_stated(run: Run) -> None:
    _, _, four, five = rate_tables(analyse(run))
    assert any("only MobileNet's rows" in note for note in four.notes)
    assert any("not include this table" in note for note in five.notes)


# -- runs that contradict themselves


def test_a_history_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Mini random, seed 1 .*\b7 epochs.*\b8$"):
        rate_tables(analyse(small_run(cell("mini"), epochs=8)))


def test_a_protocol_without_epochs_is_refused(run: Run) -> None:
    with pytest.raises(ValueError, match="no setting 'epochs'"):
        rate_tables(analyse(dataclasses.replace(run, protocol=())))
