from __future__ import annotations

import pytest

from fer_bench.data.dataset import EMOTIONS
from fer_bench.metrics.convergence import windows
from fer_bench.protocol import published
from fer_bench.protocol.settings import Protocol


def test_table_2_spot_values() -> None:
    table = published.table(2)
    assert table["mobilenet", "pretrained"] == (0.039937, 0.02512, 0.019603, 0.016789)
    assert table["openface", "random"] == (0.011508, 0.001289, 0.002027, 0.0018)
    assert table["resnet50", "random"] == (0.052546, 0.045559, 0.023246, 0.007233)
    assert table["vggface", "random"] == (0, 0, 0, 0)


def test_table_3_spot_values() -> None:
    table = published.table(3)
    assert table["mobilenet", "random"] == (-0.0492, -0.03906, -0.05088, -0.06358)
    assert table["resnet50", "pretrained"] == (-0.14797, -0.06965, -0.0328, -0.01256)
    assert table["vggface", "pretrained"] == (-0.00415, -0.00199, -0.000039, -0.00179)


def test_table_4_has_the_two_rows_of_mobilenet_alone() -> None:
    table = published.table(4)
    assert table["mobilenet", "pretrained"] == (0.033082, 0.042063, 0.007035, 0.026356)
    assert table["mobilenet", "random"] == (0.017102, 0.017952, 0.018843, 0.021943)
    assert [key for key, rates in table.items() if rates is None] == [
        (backbone, init)
        for backbone in ("openface", "resnet50", "vggface")
        for init in ("pretrained", "random")
    ]


def test_table_5_is_unknown() -> None:
    assert set(published.table(5).values()) == {None}


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_every_table_has_the_eight_cells_in_order(number: published.RateTable) -> None:
    assert list(published.table(number)) == [
        ("mobilenet", "pretrained"),
        ("mobilenet", "random"),
        ("openface", "pretrained"),
        ("openface", "random"),
        ("resnet50", "pretrained"),
        ("resnet50", "random"),
        ("vggface", "pretrained"),
        ("vggface", "random"),
    ]


def test_gains_of_training_accuracy_over_the_epochs() -> None:
    def gain(backbone: str, init: str, first_window: int) -> float:
        rates = published.table(2)[backbone, init]  # type: ignore[index]
        assert rates is not None
        return first_window * rates[0] + 5 * sum(rates[1:])

    assert gain("mobilenet", "pretrained", 4) == pytest.approx(0.4673, abs=1e-4)
    assert gain("mobilenet", "pretrained", 5) == pytest.approx(0.5072, abs=1e-4)
    assert gain("resnet50", "random", 5) == pytest.approx(0.6429, abs=1e-4)


@pytest.mark.parametrize("number", [0, 1, 6])
def test_other_tables_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match=f"table {number} .*accepted: 2, 3, 4"):
        published.table(number)  # type: ignore[arg-type]


def test_a_caller_cannot_change_the_numbers() -> None:
    published.table(2)["mobilenet", "random"] = None
    assert published.table(2)["mobilenet", "random"] is not None
    with pytest.raises(TypeError):
        published.COUNTS["Angry"] = 1  # type: ignore[index]


def test_counts_and_split_add_up() -> None:
    assert published.COUNTS["Disgust"] == 547
    assert published.COUNTS["Happy"] == 8989
    assert sum(published.COUNTS.values()) == published.TOTAL == 35887
    assert dict(published.SPLIT) == {"train": 25121, "validation": 3589, "test": 7177}
    assert sum(published.SPLIT.values()) == published.TOTAL


def test_the_classes_are_those_of_the_data() -> None:
    assert set(published.COUNTS) == set(EMOTIONS)


def test_parameters() -> None:
    assert published.PARAMETERS["openface"] == 3_743_280
    assert published.PARAMETERS["resnet50"] == 23_587_712
    assert published.PARAMETERS["mobilenet"] == 3_228_864
    assert "vggface" not in published.PARAMETERS


def test_the_default_protocol_has_the_papers_epochs_and_windows() -> None:
    protocol = Protocol()
    assert (protocol.epochs, protocol.window) == (published.EPOCHS, 5)
    assert tuple(windows(protocol.epochs, protocol.window)) == published.WINDOWS
