from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_images import dataset_of, patterns
from made_votes import HEADER, row, unanimous, votes_of, write_votes
from sklearn.metrics import cohen_kappa_score

from fer_bench.data import EMOTIONS
from fer_bench.data.audit import check_votes, load_votes
from fer_bench.data.audit.votes import CATEGORY_OF, _kappa
from fer_bench.data.formats.ferplus_votes import CATEGORIES, TAGGERS
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data import Dataset
    from fer_bench.data.audit import Votes

GOOD = row(happiness=9, NF=1)


def write(path: Path, *lines: str) -> Path:
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


class TestLoading:
    def test_known_answers(self, tmp_path: Path) -> None:
        lines = (HEADER, row(happiness=10), row("PrivateTest", NF=3, unknown=7), row(neutral=9))
        found = load_votes(write(tmp_path / "votes.csv", *lines))
        assert found.counts.tolist() == [
            [0, 10, 0, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 0, 7, 3],
            [9, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ]
        assert found.usage.tolist() == [0, 2, 0]
        assert (found.counts.dtype, found.usage.dtype) == (np.uint8, np.uint8)
        assert (len(found), found.name) == (3, "votes.csv")

    @pytest.mark.parametrize(
        "text",
        [
            f"{HEADER}\n{GOOD}",
            f"{HEADER}\r\n{GOOD}\r\n",
            f"\ufeff{HEADER}\n{GOOD}\n",
            f"{HEADER}\n\n{GOOD}\n\n",
            f"{HEADER}\n{GOOD.replace('fer0000000.png', '')}\n",
            f"{HEADER}\n{GOOD.replace(',9,', ', 9 ,')}\n",
        ],
        ids=["no last line end", "CRLF", "byte order mark", "blank lines", "no name", "spaces"],
    )
    def test_forms_of_one_row(self, text: str, tmp_path: Path) -> None:
        path = tmp_path / "votes.csv"
        path.write_bytes(text.encode())
        assert load_votes(path).counts.tolist() == [[0, 9, 0, 0, 0, 0, 0, 0, 0, 1]]

    @given(
        counts=st.lists(
            st.lists(st.integers(0, 9), min_size=1, max_size=TAGGERS).map(
                lambda said: np.bincount(said, minlength=len(CATEGORIES)).tolist()
            ),
            min_size=1,
            max_size=5,
        )
    )
    def test_what_is_written_is_read(
        self, counts: list[list[int]], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        votes = votes_of(*(dict(zip(CATEGORIES, one, strict=True)) for one in counts))
        path = write_votes(tmp_path_factory.mktemp("votes") / "v.csv", votes)
        assert load_votes(path).counts.tolist() == counts

    @pytest.mark.parametrize(
        ("lines", "line", "problem", "accepted"),
        [
            ((), 1, "header is ''", "Usage,Image name,neutral,"),
            (
                (HEADER.lower(), GOOD),
                1,
                "header is 'usage,image name,neutral,happin",
                "Usage,Image name,neutral,",
            ),
            ((HEADER,), None, "no rows below", "a row for each"),
            ((HEADER, GOOD, GOOD + ",1"), 3, "13 columns", "12"),
            ((HEADER, GOOD[:-2]), 2, "11 columns", "12"),
            ((HEADER, GOOD, "," * 11), 3, "unknown Usage ''", "Training, PublicTest"),
            ((HEADER, GOOD, ",,,,"), 3, "5 columns", "12"),
            ((HEADER, row("Test", fear=1)), 2, "Usage 'Test'", "Training, PublicTest"),
            ((HEADER, row(fear=11)), 2, "the votes for fear are '11'", "from 0 to 10"),
            ((HEADER, row(fear=-1)), 2, "the votes for fear are '-1'", "from 0 to 10"),
            (
                (HEADER, GOOD, row(NF="x" * 99)),
                3,
                f"the votes for NF are '{'x' * 57}...'",
                "from 0 to 10",
            ),
            ((HEADER, row(fear="1.0")), 2, "the votes for fear are '1.0'", "an integer"),
            (
                (HEADER, row(fear="\N{ARABIC-INDIC DIGIT ONE}")),
                2,
                "the votes for fear are '\u0661'",
                "an integer",
            ),
            ((HEADER, GOOD, row()), 3, "0 votes", "1 to 10 "),
            ((HEADER, row(fear=6, NF=5)), 2, "11 votes", "1 to 10 "),
            ((HEADER, "", GOOD, row(fear="")), 4, "the votes for fear are ''", "an integer"),
            ((HEADER, '"Training,x,1'), 2, "not csv (unexpected end", "12 columns"),
        ],
    )
    def test_a_bad_file_is_one_line(
        self,
        lines: tuple[str, ...],
        line: int | None,
        problem: str,
        accepted: str,
        tmp_path: Path,
    ) -> None:
        path = write(tmp_path / "votes.csv", *lines)
        with pytest.raises(FerBenchError) as raised:
            load_votes(path)
        error = raised.value
        assert (error.path, error.line) == (path, line)
        assert problem in error.problem
        assert accepted in error.accepted
        assert "\n" not in str(error)

    def test_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "votes.csv"
        path.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(FerBenchError, match="not UTF-8 text") as raised:
            load_votes(path)
        assert (raised.value.path, raised.value.line) == (path, 1)

    def test_no_file(self, tmp_path: Path) -> None:
        for path, cause in ((tmp_path / "votes.csv", "No such file"), (tmp_path, "Is a directory")):
            with pytest.raises(FerBenchError) as raised:
                load_votes(path)
            assert raised.value.path == path
            assert "cannot be read" in raised.value.problem
            assert cause in raised.value.problem


def test_winners() -> None:
    votes = votes_of(
        {"fear": 4, "NF": 6}, {"fear": 5, "anger": 5}, {"fear": 2, "sadness": 2, "NF": 3}
    )
    assert votes.winners().tolist() == [9, -1, 9]


def test_majorities() -> None:
    votes = votes_of(
        {"fear": 6, "NF": 4},
        {"fear": 5, "NF": 4, "anger": 1},
        {"fear": 5, "anger": 5},
        {"fear": 5, "NF": 4},
        {"unknown": 10},
        {"fear": 4, "anger": 2, "sadness": 2, "NF": 2},
    )
    assert votes.without_majority().tolist() == [False, True, True, False, False, True]


def test_some_rows() -> None:
    votes = votes_of({"fear": 1}, {"anger": 2}, {"sadness": 3}, usage=[0, 1, 2])
    taken = votes.take(np.array([2, 0]))
    assert taken.counts.sum(axis=1).tolist() == [3, 1]
    assert (taken.usage.tolist(), taken.name) == ([2, 0], "votes.csv")


def test_each_emotion_has_a_category_of_its_own() -> None:
    assert tuple(CATEGORY_OF) == EMOTIONS
    assert len(set(CATEGORY_OF.values())) == len(EMOTIONS)


class TestJoin:
    def test_what_fits(self) -> None:
        dataset = dataset_of(patterns(4), [0, 1, 2, 3], usage=[0, 0, 1, 2])
        votes = unanimous(dataset.labels)
        votes.usage[:] = dataset.usage
        assert check_votes(votes, dataset) == 1.0

    @pytest.mark.parametrize("n", [3, 5])
    def test_another_number_of_rows(self, n: int) -> None:
        votes = unanimous(np.zeros(n, int))
        with pytest.raises(FerBenchError, match=f"{n} rows for 4 images") as raised:
            check_votes(votes, dataset_of(patterns(4)))
        for name in ("'votes.csv'", "'faces'"):
            assert name in raised.value.problem
        assert "row for each image" in raised.value.accepted
        assert "fer2013new.csv" in raised.value.hint

    def test_another_usage(self) -> None:
        dataset = dataset_of(patterns(3), usage=[0, 2, 2])
        votes = unanimous(dataset.labels)
        votes.usage[:] = [0, 1, 2]
        with pytest.raises(FerBenchError, match=r"row 1 \(from 0\) .*PublicTest .*PrivateTest"):
            check_votes(votes, dataset)

    def test_another_class(self) -> None:
        dataset = dataset_of(patterns(1), classes=("Angry", "Bored"))
        with pytest.raises(FerBenchError, match="class 'Bored'") as raised:
            check_votes(votes_of({"anger": 1}), dataset)
        assert raised.value.accepted.startswith("Angry")

    def test_another_order(self) -> None:
        labels = np.random.default_rng(0).integers(0, 7, 400)
        dataset = dataset_of(np.broadcast_to(patterns(1), (400, 16, 16)), labels)
        votes = unanimous(labels)
        assert check_votes(votes, dataset) == 1.0
        with pytest.raises(FerBenchError, match=r"kappa -?0\.0") as raised:
            check_votes(votes.take(np.argsort(labels)), dataset)
        assert "in another order" in raised.value.problem

    def test_few_images_are_not_judged(self) -> None:
        check_votes(unanimous(np.array([1, 0])), dataset_of(patterns(2), [0, 1]))

    def test_no_vote_for_an_emotion(self) -> None:
        votes = votes_of({"NF": 10}, {"fear": 1, "anger": 1})
        assert check_votes(votes, dataset_of(patterns(2))) == 0.0

    @given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=30))
    def test_kappa_is_sklearns(self, pairs: list[tuple[int, int]]) -> None:
        one, other = np.array(pairs).T
        if len(set(one) | set(other)) == 1:
            assert _kappa(one, other, 3) == 0.0
        else:
            assert _kappa(one, other, 3) == pytest.approx(cohen_kappa_score(one, other))


class TestOrderOfAPart:
    """The kappa of all images is high enough in each case."""

    N, DOUBTED = 6000, 2

    @pytest.fixture
    def labels(self) -> np.ndarray:
        shares = [0.14, 0.02, 0.14, 0.25, 0.17, 0.11, 0.17]
        return np.random.default_rng(0).choice(7, self.N, p=shares)

    @pytest.fixture
    def votes(self, labels: np.ndarray) -> Votes:
        """For seven labels in ten, but for one class hardly ever: FER+ sees no Fear."""
        rng = np.random.default_rng(1)
        agreed = rng.random(self.N) < np.where(labels == self.DOUBTED, 0.1, 0.7)
        return unanimous(np.where(agreed, labels, rng.permutation(labels)))

    def dataset(self, labels: np.ndarray) -> Dataset:
        return dataset_of(np.broadcast_to(patterns(1), (self.N, 16, 16)), labels)

    def test_the_right_order(self, labels: np.ndarray, votes: Votes) -> None:
        assert 0.5 < check_votes(votes, self.dataset(labels)) < 0.7

    def test_the_right_order_of_images_that_are_sorted_by_class(
        self, labels: np.ndarray, votes: Votes
    ) -> None:
        order = np.argsort(labels, kind="stable")
        right = check_votes(votes, self.dataset(labels))
        assert check_votes(votes.take(order), self.dataset(labels[order])) == pytest.approx(right)

    @pytest.mark.parametrize(
        ("order", "first", "last"),
        [
            (np.r_[:4000, 5000:6000, 4000:5000], 4000, 5999),
            (np.r_[:2400, 5999, 2400:5999], 2500, 5999),
            (np.r_[:2000, 2999:1999:-1, 3000:6000], 2000, 2999),
            (np.r_[1:1000, 0, 1000:5000, 5001:6000, 5000], 0, 999),
        ],
        ids=["two parts swapped", "shifted from a row on", "in the middle", "the first of two"],
    )
    def test_another_order_of_some(
        self, order: np.ndarray, first: int, last: int, labels: np.ndarray, votes: Votes
    ) -> None:
        with pytest.raises(FerBenchError) as raised:
            check_votes(votes.take(order), self.dataset(labels))
        problem = raised.value.problem
        assert f"of rows {first} to {last} (from 0)" in problem
        assert re.search(r"\([12]\d% of them.* [3-6]\d% of all\)", problem), problem
        assert "fer2013new.csv" in raised.value.hint

    def test_rows_are_those_of_all_images(self, labels: np.ndarray, votes: Votes) -> None:
        """Images of which the votes name no class stand between."""
        votes = votes.take(np.r_[:3000, 5999:2999:-1])
        votes.counts[:1000] = votes_of({"NF": 10}).counts[0]
        with pytest.raises(FerBenchError, match="of rows 3000 to 5999 "):
            check_votes(votes, self.dataset(labels))


class TestOrderOfTheImageNames:
    """FER+'s own file steps back four times."""

    def written(self, path: Path, numbers: list[int]) -> Path:
        rows = [row(happiness=10).replace("0000000", f"{number:07}") for number in numbers]
        path.write_text("\n".join([HEADER, *rows, ""]))
        return path

    def test_a_few_steps_back_are_as_in_the_original(self, tmp_path: Path) -> None:
        numbers = [*range(500, 900), *range(500), *range(900, 1000)]
        assert len(load_votes(self.written(tmp_path / "votes.csv", numbers))) == 1000

    def test_a_part_in_another_order_is_refused(self, tmp_path: Path) -> None:
        mixed = np.random.default_rng(0).permutation(np.arange(800, 1000)).tolist()
        path = self.written(tmp_path / "votes.csv", [*range(800), *mixed])
        with pytest.raises(FerBenchError, match=r"in [0-9]+ places") as caught:
            load_votes(path)
        assert caught.value.path == path
        assert caught.value.accepted

    @pytest.mark.parametrize(("steps", "accepted"), [(10, True), (20, False)])
    def test_one_in_a_hundred_is_the_most(self, steps: int, accepted: bool, tmp_path: Path) -> None:
        numbers = np.arange(1000)
        pairs = np.linspace(0, 990, steps).astype(int)
        numbers[pairs], numbers[pairs + 1] = pairs + 1, pairs
        path = self.written(tmp_path / "votes.csv", numbers.tolist())
        if accepted:
            assert len(load_votes(path)) == 1000
        else:
            with pytest.raises(FerBenchError, match="in 20 places"):
                load_votes(path)

    def test_rows_without_a_name_do_not_count(self, tmp_path: Path) -> None:
        path = self.written(tmp_path / "votes.csv", list(range(300)))
        path.write_text(
            path.read_text().replace("fer0000150.png", "").replace("fer0000151.png", "")
        )
        assert len(load_votes(path)) == 300
