"""``fer-bench data``: what a data set is, and what is wrong with it."""

import json
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from made_audits import audited
from made_images import dataset_of, patterns
from made_votes import unanimous, write_votes
from PIL import Image

from fer_bench import cli
from fer_bench.data import prepare
from fer_bench.data.formats.npz_files import pack_npz
from fer_bench.plugin.options import OPTIONS
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.label_codes import NUMBERED


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def made():
    return audited()


@pytest.fixture
def faces(made, tmp_path):
    path = tmp_path / "faces.npz"
    path.write_bytes(pack_npz(made.dataset))
    return path


@pytest.fixture
def votes(made, tmp_path):
    return write_votes(tmp_path / "votes.csv", made.votes)


def data(*arguments):
    return CliRunner().invoke(cli.main, ["data", *map(str, arguments)])


def line_of(text, start):
    """Return the words of the one line that starts so, without these."""
    (line,) = (line for line in text.splitlines() if line.startswith(start))
    return line.removeprefix(start).split()


class TestInfo:
    def test_an_npz_file(self, faces, made):
        done = data("info", faces)
        assert (done.exit_code, done.stderr) == (0, "")
        assert line_of(done.stdout, "source") == [str(faces)]
        assert line_of(done.stdout, "layout")[0] == "npz"
        assert {"with", "usage"} <= set(line_of(done.stdout, "layout"))
        assert line_of(done.stdout, "images") == ["42", "of", "48x48", "pixels"]
        assert line_of(done.stdout, "digest in this order") == [made.dataset.row_digest]
        assert line_of(done.stdout, "uncompressed") == ["94.6", "KiB"]
        assert line_of(done.stdout, "the paper's Table 1")[-1] == "35,887"
        assert line_of(done.stdout, "split kaggle, train (Training)") == ["4"] * 7 + ["28"]

    def test_counts_are_below_their_names(self, tmp_path):
        labels = np.repeat(np.arange(7), [14, 15, 16, 17, 18, 19, 20])
        images = np.zeros((len(labels), 2, 2), np.uint8)
        (tmp_path / "a.npz").write_bytes(pack_npz(dataset_of(images, labels)))
        done = data("info", tmp_path / "a.npz")
        assert line_of(done.stdout, "Images")[:7] == [
            "Angry",
            "Surprise",
            "Disgust",
            "Neutral",
            "Happy",
            "Fear",
            "Sad",
        ]
        assert line_of(done.stdout, "a ") == ["14", "19", "15", "20", "17", "16", "18", "119"]
        tests = line_of(done.stdout, "split paper, test")
        assert sum(map(int, tests[:-1])) == int(tests[-1]) == 24

    def test_what_cannot_be_split_is_reported(self, tmp_path):
        (tmp_path / "a.npz").write_bytes(pack_npz(dataset_of(patterns(7))))
        done = data("info", tmp_path / "a.npz")
        assert done.exit_code == 0
        assert "none" in line_of(done.stdout, "split paper, test")
        assert "split 'kaggle': 'a' " in " ".join(done.stdout.split())
        assert {"npz", "without", "usage"} <= set(line_of(done.stdout, "layout"))

    def test_a_name(self, made, monkeypatch):
        # Seconds go by until all of it is drawn.
        monkeypatch.setattr("fer_bench.data.synthetic.sketch", lambda: made.dataset)
        done = data("info", "sketch")
        assert done.exit_code == 0
        assert line_of(done.stdout, "source") == ["sketch"]
        assert "loader" in line_of(done.stdout, "layout")
        assert line_of(done.stdout, "images") == ["42", "of", "48x48", "pixels"]

    def test_fer2013_by_its_name(self, faces, monkeypatch):
        monkeypatch.setenv("FER_BENCH_DATA", str(faces))
        done = data("info", "fer2013")
        assert done.exit_code == 1
        assert done.stderr.startswith(f"Error: {str(faces)!r}: not the complete FER2013")
        assert "FER2013: 42 images" in done.stderr

    def test_an_unknown_name_is_one_line(self):
        done = data("info", "sketsch")
        assert done.exit_code == 1
        assert done.stderr.startswith("Error: data set 'sketsch' ")
        assert "did you mean 'sketch'" in done.stderr
        assert done.stderr.count("\n") == 1


class TestAudit:
    def test_all_of_it(self, faces, votes, tmp_path):
        done = data(
            *("audit", faces, "--votes", votes, "--split", "kaggle"),
            *("--json", tmp_path / "audit.json", "--report-dir", tmp_path / "report"),
        )
        assert (done.exit_code, done.stderr) == (0, "")
        assert line_of(done.stdout, "identical ")[:2] == ["40", "2"]
        assert re.search(r"^test images .* train +7 +1\b", done.stdout, re.MULTILINE)
        assert "likely wrong" in done.stdout
        assert done.stdout.splitlines()[-2:] == [
            f"json: {tmp_path / 'audit.json'}",
            f"report: {tmp_path / 'report' / 'audit.html'}",
        ]
        record = json.loads((tmp_path / "audit.json").read_text())
        assert [error["row"] for error in record["agreement"]["errors"]] == [7]
        assert (tmp_path / "report" / "audit.html").exists()
        card = (tmp_path / "report" / "audit-card.md").read_text("utf-8")
        assert card.endswith(
            f"    fer-bench data audit {faces} --split=kaggle --votes={votes} --report-dir=report\n"
        )

    def test_what_a_run_was_asked_for(self, tmp_path):
        images = patterns(210)
        images[150:170] = images[:20]
        labels = np.arange(210) % 7
        votes = unanimous(labels)
        votes.counts[-1] = 1
        votes.counts[0] = votes.counts[0] // 2 + (np.arange(10) > 4)
        faces = tmp_path / "many.npz"
        faces.write_bytes(pack_npz(dataset_of(images, labels)))
        votes = write_votes(tmp_path / "many.csv", votes)
        asked = [f"--votes={votes}", "--dedupe=all", "--labels=ferplus", "--limit=200"]
        done = data("audit", faces, *asked, "--report-dir", tmp_path / "report")
        assert (done.exit_code, done.stderr) == (0, "")
        words = " ".join(done.stdout.split())
        assert "class with the most of FER+'s" in words
        assert "half of the votes: 1." in words
        assert "out of the audit: votes tied (1), " in words
        assert "not in the sample (9)." in words
        card = (tmp_path / "report" / "audit-card.md").read_text("utf-8")
        line = card.splitlines()[-1].strip()
        # The card names the command that makes it.
        (tmp_path / "report" / "audit-card.md").unlink()
        again = shlex.split(line.replace("--report-dir=report", f"--report-dir={tmp_path}/report"))
        assert again[:2] == ["fer-bench", "data"]
        assert data(*again[2:]).exit_code == 0
        assert (tmp_path / "report" / "audit-card.md").read_text("utf-8") == card

    def test_labels_without_votes_are_one_line(self, faces):
        done = data("audit", faces, "--split=kaggle", "--labels=ferplus")
        assert done.exit_code == 1
        assert done.stderr.startswith("Error: labels 'ferplus' need ")
        assert "--votes" in done.stderr
        assert done.stderr.count("\n") == 1

    def test_nothing_is_written_unasked(self, faces, tmp_path):
        before = set(tmp_path.iterdir())
        done = data("audit", faces, "--split=kaggle")
        assert done.exit_code == 0
        assert set(tmp_path.iterdir()) - before <= {tmp_path / "cache"}
        assert "likely wrong" not in done.stdout

    def test_a_sample_keeps_its_votes(self, votes_of_many, tmp_path):
        faces, votes = votes_of_many
        done = data("audit", faces, "--votes", votes, "--limit=140", "--json", tmp_path / "a.json")
        assert (done.exit_code, done.stderr) == (0, "")
        record = json.loads((tmp_path / "a.json").read_text())
        assert record["images"] == 140
        assert sum(one["unanimous"] for one in record["agreement"]["classes"]) == 140
        assert record["agreement"]["kappa"] == 1.0

    @pytest.fixture
    def votes_of_many(self, tmp_path):
        labels = np.arange(210) % 7
        (tmp_path / "many.npz").write_bytes(pack_npz(dataset_of(patterns(210), labels)))
        return tmp_path / "many.npz", write_votes(tmp_path / "many.csv", unanimous(labels))

    def test_a_sample_excuses_no_wrong_votes(self, votes_of_many, votes):
        faces, _ = votes_of_many
        done = data("audit", faces, "--votes", votes, "--limit=140")
        assert done.exit_code == 1
        assert "42 rows for 210 images; accepted: " in done.stderr
        assert done.stdout == ""

    @pytest.mark.parametrize(
        ("arguments", "start", "cause"),
        [
            (["--limit=0"], "limit 0 ", "too small"),
            (["--votes=nowhere.csv"], "'nowhere.csv': ", "No such file"),
        ],
    )
    def test_a_mistake_is_one_line(self, faces, arguments, start, cause):
        done = data("audit", faces, *arguments)
        assert done.exit_code == 1
        assert done.stderr.startswith(f"Error: {start}")
        assert cause in done.stderr
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""

    @pytest.mark.parametrize("options", [(), ("--dedupe=all",), ("--split=grouped",)])
    def test_what_cannot_be_split_is_audited_all_the_same(self, faces, votes, tmp_path, options):
        report, record = tmp_path / "report", tmp_path / "audit.json"
        done = data(
            *("audit", faces, "--votes", votes, *options),
            *("--json", record, "--report-dir", report),
        )
        assert (done.exit_code, done.stderr) == (0, "")
        split = "grouped" if "--split=grouped" in options else "paper"
        printed = " ".join(done.stdout.split())
        assert f"The split '{split}' is impossible" in printed
        assert "are too few, with 4" in printed
        assert line_of(done.stdout, "blank ") == ["1", "5"]
        assert line_of(done.stdout, "identical ")[:2] == ["40", "2"]
        found = json.loads(record.read_text())
        assert "are too few, with 4" in found["not_split"]
        assert found["not_split"].endswith("; add images")
        assert (found["leaks"], found["copies"][0]["groups"]) == ([], [[0, 35], [3, 4]])
        assert {one["train"] + one["validation"] + one["test"] for one in found["classes"]} == {0}
        for file in ("audit.html", "audit-card.md"):
            text = (report / file).read_text()
            assert "are too few, with 4" in text
            assert "no metric can be measured" in text
            assert "No test image" not in text

    def test_findings_in_a_directory_name_the_files(self, tmp_path):
        for part, number in (("train", 6), ("val", 2), ("test", 2)):
            for row, image in enumerate(patterns(2 * number, seed=number)):
                directory = tmp_path / "faces" / part / ("happy" if row % 2 else "sad")
                directory.mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(directory / f"{row}.png")
        name = b"\xff.png".decode("utf-8", "surrogateescape")
        Image.new("L", (16, 16)).save(tmp_path / "faces" / "train" / "sad" / "8.png")
        (tmp_path / "faces" / "train" / "sad" / "8.png").rename(
            tmp_path / "faces" / "train" / "sad" / name
        )
        done = data(
            *("audit", tmp_path / "faces", "--split=kaggle"),
            *("--json", tmp_path / "audit.json", "--report-dir", tmp_path / "report"),
        )
        assert (done.exit_code, done.stderr) == (0, "")
        # Classes in their order, Happy before Sad, and in each the names by alphabet.
        shown = "11 (train/sad/\\udcff.png)"
        assert " ".join(line_of(done.stdout, "blank ")) == f"1 {shown}"
        record = json.loads((tmp_path / "audit.json").read_text())
        assert record["places"][record["blanks"]["constant"][0]] == f"train/sad/{name}"
        assert record["places"][:2] == ["train/happy/1.png", "train/happy/11.png"]
        for file in ("audit.html", "audit-card.md"):
            assert "udcff.png" in (tmp_path / "report" / file).read_text()

    def test_rows_are_those_of_the_file_where_a_class_map_leaves_some_out(self, tmp_path):
        images = patterns(40)
        images[20] = 7
        labels = np.concatenate([np.full(5, 8), np.arange(35) % 2])
        np.savez(tmp_path / "a.npz", images=images, labels=labels, usage=np.arange(40) % 3)
        done = data("audit", tmp_path / "a.npz", "--split=kaggle", "--class-map=affectnet")
        assert (done.exit_code, done.stderr) == (0, "")
        assert " ".join(line_of(done.stdout, "blank ")) == "1 15 (row 20 of the file)"

    def test_the_help_says_how_rows_count(self):
        text = " ".join(data("audit", "--help").output.split())
        assert "Rows count from 0" in text

    def test_an_unknown_split_is_bad_usage(self, faces):
        assert data("audit", faces, "--split=own").exit_code == 2

    @pytest.mark.parametrize("option", ["--votes", "--json", "--report-dir", "--class-map"])
    def test_nothing_is_no_value(self, faces, option, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        done = data("audit", faces, "--split=kaggle", f"{option}=")
        assert (done.exit_code, done.stdout) == (2, "")
        assert f"Error: {option} is empty" in done.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["faces.npz"]

    def test_paths_may_begin_at_home(self, faces, votes, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        done = data(
            *("audit", "~/faces.npz", "--split=kaggle", f"--votes=~/{votes.name}"),
            *("--json=~/audit.json", "--report-dir=~/report"),
        )
        assert (done.exit_code, done.stderr) == (0, "")
        assert {"audit.json", "report"} <= {path.name for path in tmp_path.iterdir()}

    @pytest.mark.parametrize("given", ["--json=.", "--report-dir=votes.csv"])
    def test_a_directory_is_not_a_file(self, faces, votes, given, monkeypatch):
        monkeypatch.chdir(votes.parent)
        assert data("audit", faces, given).exit_code == 2

    def test_a_file_that_cannot_be_written_is_one_line(self, faces, tmp_path):
        (tmp_path / "file").touch()
        done = data("audit", faces, "--split=kaggle", "--json", tmp_path / "file" / "a.json")
        assert done.exit_code == 1
        assert done.stderr.startswith("Error: cannot write")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [cli.data.audit, cli.profile.command])
def test_data_is_asked_for_as_in_a_run(command):
    found = {flag: option for option in command.params for flag in option.opts}
    flags = {"--class-map", "--split", "--dedupe", "--votes", "--labels", "--limit"}
    assert flags <= found.keys()
    assert flags <= {option.short for option in OPTIONS}
    for name in ("split", "dedupe", "labels"):
        assert found[f"--{name}"].default == getattr(DataSpec, name)


@pytest.mark.parametrize(
    "spec",
    [
        DataSpec(),
        DataSpec("a b.csv", "rafdb", "grouped", dedupe="train", limit=10),
        DataSpec("faces", split="kaggle", labels="ferplus", votes=Path("votes.csv"), dedupe="all"),
    ],
)
def test_the_options_of_a_specification_give_it_again(spec, monkeypatch):
    read = []
    monkeypatch.setattr(prepare, "load_data", lambda spec, **_: read.append(spec) or sys.exit(0))
    assert data("audit", spec.dataset, *spec.options()).exit_code == 0
    assert read == [spec]


@pytest.mark.parametrize("command", [cli.data.info, cli.profile.command])
def test_an_empty_class_map_is_not_a_directory(command):
    arguments = ["sketch"] if command is cli.data.info else []
    done = CliRunner().invoke(command, [*arguments, "--class-map="])
    assert done.exit_code == 2
    assert ": --class-map is empty" in done.stderr


def test_the_help_names_each_table_of_numbers():
    for command in ("info", "audit"):
        text = " ".join(data(command, "--help").output.split())
        assert f": {', '.join(NUMBERED)}, or a csv file" in text
