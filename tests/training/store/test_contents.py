"""Contents of the store, and freeing them."""

import json
import os

import pytest
from click.testing import CliRunner

from fer_bench import cli
from fer_bench.runtime.locks import locked
from fer_bench.runtime.sealed_directories import sealed
from fer_bench.training import fingerprint
from fer_bench.training.store.inventory import entries, remove

A, B, C, X, Y = (digit * 64 for digit in "abc12")
"""Names as runs give them: digests."""


def cell_facts(**changes):
    facts = {"cell": "mini-random", "dataset": "sketch", "images": 3589, "seed": 42, "epochs": 20}
    facts |= {"split": "paper", "trainable_layers": 4}
    return {**facts, "versions": fingerprint.results_versions(), **changes}


def add_sealed(directory, size=1000, **changes):
    with sealed(directory, cell_facts(**changes)) as target:
        (target / "logits.npz").write_bytes(b"\0" * size)


def add_file(path, content):
    path.parent.mkdir(parents=True)
    path.write_text(content)


def add_features(directory, done=2, **changes):
    directory.mkdir(parents=True)
    facts = {"backbone": "mini", "weights": "pretrained", "dataset": "sketch"}
    facts |= {"versions": fingerprint.features_versions(), **changes}
    noted = {"images": 100, "shapes": [[3]], "shard": 40, "facts": facts}
    (directory / "facts.json").write_text(json.dumps(noted))
    (directory / "shards.jsonl").write_text("".join(f'{{"shard": {n}}}\n' for n in range(done)))
    (directory / "0.npy").write_bytes(b"\0" * 5000)


@pytest.fixture
def store(tmp_path):
    """One part of each kind that a run can use."""
    store = tmp_path / "store"
    add_sealed(store / "results" / A)
    add_sealed(store / "checkpoints" / B / "epoch-0007")
    add_features(store / "features" / C)
    return store


def only(store, kind):
    (found,) = (entry for entry in entries(store) if entry.kind == kind)
    return found


def test_no_store_is_empty(tmp_path):
    assert entries(tmp_path / "nowhere") == []


def test_each_part_is_described(store):
    assert entries(store)[0].kind == "features"  # the largest first
    assert all(entry.useless == "" for entry in entries(store))
    result, checkpoint, features = (
        only(store, kind) for kind in ("results", "checkpoints", "features")
    )
    assert result.what.split(", ") == [
        "mini-random",
        "sketch",
        "3,589 images",
        "split paper",
        "trained layers 4",
        "epochs 20",
        "seed 42",
    ]
    assert (result.state, checkpoint.state) == ("complete", "epoch 7 of 20")
    assert (features.what, features.state) == (
        "mini pretrained, sketch, 100 images",
        "80 of 100 images",
    )
    assert features.size > 5000
    assert 1000 < result.size < 2500


def test_the_last_epoch_is_reported_whatever_lies_next_to_it(store):
    add_sealed(store / "checkpoints" / B / "epoch-0010")
    (store / "checkpoints" / B / "begun.json").write_text('{"conditions": []}')
    (store / "checkpoints" / B / "notes").mkdir()
    assert only(store, "checkpoints").state == "epoch 10 of 20"


def test_what_was_trained_with_frozen_batch_normalization_is_distinguished(tmp_path):
    for name, mode in ((A, "paper"), (B, "frozen")):
        add_sealed(tmp_path / "results" / name, batch_normalization=mode)
    found = {entry.path.name: entry.what for entry in entries(tmp_path)}
    assert "batch normalization frozen" in found[B]
    assert "normalization" not in found[A]


def test_changed_settings_are_listed(tmp_path):
    add_sealed(tmp_path / "results" / A, changed={"optimizer": "sgd", "input_size": 96})
    assert ", optimizer sgd, input size 96, epochs " in only(tmp_path, "results").what


def test_complete_features_are_called_so(tmp_path):
    add_features(tmp_path / "features" / C, done=3)
    assert only(tmp_path, "features").state == "complete"


@pytest.mark.parametrize(
    ("kind", "add", "words"),
    [
        (
            "results",
            lambda f: add_sealed(
                f / "results" / X, versions={**fingerprint.results_versions(), "computation": 1}
            ),
            "computation 1 (now ",
        ),
        (
            "features",
            lambda f: add_features(
                f / "features" / X,
                versions={**fingerprint.features_versions(), "float type": "1"},
            ),
            "float type 1 (now ",
        ),
        ("results", lambda f: (f / "results" / f".{X}.0123abcd").mkdir(parents=True), "killed"),
        (
            "features",
            lambda f: add_file(f / "features" / X / ".facts.json.part", '{"images": 3}'),
            "facts.json",
        ),
        (
            "checkpoints",
            lambda f: add_file(f / "checkpoints" / X / "begun.json", '{"conditions": []}'),
            "no complete epoch",
        ),
        (
            "checkpoints",
            lambda f: add_file(f / "checkpoints" / X / ".begun.json.part", '{"conditions": []}'),
            "no complete epoch",
        ),
        (
            "checkpoints",
            lambda f: (
                add_sealed(f / "checkpoints" / X / "epoch-0020"),
                add_sealed(f / "results" / X),
            ),
            "its cell is complete",
        ),
    ],
)
def test_what_no_run_can_use_is_reported_and_pruned(tmp_path, store, kind, add, words):
    kept = entries(store)
    add(store)
    (useless,) = (entry for entry in entries(store) if entry.useless)
    assert useless.kind == kind
    assert words in useless.useless
    result = CliRunner().invoke(cli.main, ["cache", "prune", "--store", str(store)])
    assert result.exit_code == 0
    assert useless.useless in result.output
    assert not useless.path.exists()
    assert {entry.path for entry in kept} <= {entry.path for entry in entries(store)}


def test_what_another_environment_made_stays(tmp_path):
    for name, changes in ((X, {"backend": "cntk 1"}), (Y, {"deepface": "not installed"})):
        versions = {**fingerprint.features_versions(), **changes}
        add_features(tmp_path / "features" / name, versions=versions)
    assert [entry.useless for entry in entries(tmp_path)] == ["", ""]


def test_what_a_process_works_on_stays(store):
    with locked(store, "cell", B):
        done = remove(entries(store))
    assert [entry.kind for entry in done.in_use] == ["checkpoints"]
    assert (len(done.removed), done.kept) == (2, [])
    assert [entry.kind for entry in entries(store)] == ["checkpoints"]


def test_the_list_says_what_there_is_and_how_much_room(store):
    output = CliRunner().invoke(cli.main, ["cache", "list", "--store", str(store)]).output
    for words in ("mini pretrained, sketch", "epoch 7 of 20", "3 entries", "free on its disk"):
        assert words in output


@pytest.mark.parametrize(
    ("kinds", "left"),
    [
        ([], set()),
        (["features"], {"checkpoints", "results"}),
        (["results", "checkpoints"], {"features"}),
    ],
)
def test_clearing(store, kinds, left):
    result = CliRunner().invoke(cli.main, ["cache", "clear", *kinds, "--store", str(store)])
    assert result.exit_code == 0
    assert {entry.kind for entry in entries(store)} == left


def test_an_unknown_kind_is_refused_and_nothing_is_removed(store):
    result = CliRunner().invoke(cli.main, ["cache", "clear", "result", "--store", str(store)])
    assert result.exit_code == 2
    assert "'result' is unknown" in result.stderr
    assert "accepted: features, checkpoints, results" in result.stderr
    assert len(entries(store)) == 3


@pytest.mark.parametrize("command", [["prune"], ["clear"], ["clear", "KIND"]])
@pytest.mark.parametrize(
    "place",
    [
        "results/my-thesis/data.txt",
        f"results/{A}/thesis.txt",
        f"results/{A}/index.json",
        f"results/{A}/epoch-0001/result.json",
        f"results/.{A}.0123abcd/thesis.txt",
        f"results/.{A}.0123abcd.old/index.json/thesis.txt",
        f"results/{A}",
        "features/.notes/facts.json",
        f"features/{A}/0.npy",
        f"features/{A}/facts.json/thesis.txt",
        f"checkpoints/{'a' * 63}/b",
        f"checkpoints/{A}/thesis/index.json",
    ],
)
def test_what_carries_no_mark_of_ours_is_kept_and_named(tmp_path, command, place):
    """A folder of one's own where a mistyped ``--store`` leads."""
    mine = tmp_path / place
    mine.parent.mkdir(parents=True)
    mine.write_text("precious")
    command = [place.partition("/")[0] if word == "KIND" else word for word in command]
    result = CliRunner().invoke(cli.main, ["cache", *command, "--store", str(tmp_path)])
    assert result.exit_code == 0
    assert "nothing to remove in" in result.output
    assert mine.read_text() == "precious"
    named = tmp_path.joinpath(*mine.relative_to(tmp_path).parts[:2])
    assert "kept 1 path that" in result.stderr
    assert f": {str(named)!r}" in result.stderr


@pytest.mark.parametrize("command", ["prune", "clear"])
@pytest.mark.parametrize("kind", ["results", "features", "checkpoints"])
def test_an_empty_directory_is_kept_and_named(tmp_path, command, kind):
    """Its name alone does not identify it as ours."""
    mine = tmp_path / kind / X
    mine.mkdir(parents=True)
    result = CliRunner().invoke(cli.main, ["cache", command, "--store", str(tmp_path)])
    assert result.exit_code == 0
    assert mine.is_dir()
    assert "kept 1 path that" in result.stderr
    assert f": {str(mine)!r}" in result.stderr


@pytest.mark.parametrize("command", ["prune", "clear"])
def test_what_lies_in_a_part_of_ours_is_kept_and_named(tmp_path, command):
    for name in (A, B):
        versions = {**fingerprint.results_versions(), "computation": 1}
        add_sealed(tmp_path / "results" / name, versions=versions)
    (tmp_path / "results" / A / "thesis.txt").write_text("precious")
    result = CliRunner().invoke(cli.main, ["cache", command, "--store", str(tmp_path)])
    assert [path.name for path in tmp_path.glob("results/*/*")] == ["thesis.txt"]
    kept = str(tmp_path / "results" / A)
    assert f"kept {kept!r}: it contains" in result.stderr
    assert not (tmp_path / "results" / B).exists()


@pytest.mark.parametrize("command", ["list", "prune", "clear"])
def test_links_are_not_followed(tmp_path, store, command):
    mine = tmp_path / "mine"
    add_sealed(mine, versions={})
    links = [store / "results" / X, store / "results" / Y, store / "checkpoints" / B / "epoch-0009"]
    links[0].symlink_to(mine)
    links[1].symlink_to(links[1])
    links[2].symlink_to(mine)
    (store / "results" / A / "more").symlink_to(mine)
    result = CliRunner().invoke(cli.main, ["cache", command, "--store", str(store)])
    assert result.exit_code == 0
    assert {path.name for path in mine.iterdir()} == {"logits.npz", "index.json"}
    assert all(link.is_symlink() for link in links)


@pytest.mark.parametrize("name", ["index.json", "logits.npz"])
@pytest.mark.parametrize("command", ["list", "prune", "clear"])
def test_a_pipe_in_a_part_is_not_waited_for(store, name, command):
    for part in (store / "results" / A, store / "checkpoints" / B / "epoch-0007"):
        (part / name).unlink()
        os.mkfifo(part / name)
    for noted in ("facts.json", "shards.jsonl"):
        (store / "features" / C / noted).unlink()
        os.mkfifo(store / "features" / C / noted)
    result = CliRunner().invoke(cli.main, ["cache", command, "--store", str(store)])
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"facts": 1, "files": {}}',
        b'{"facts": {"versions": 3}, "files": {}}',
        b"\xff",
        b'{"facts": {"images": 1e999, "cell": {}}, "files": []}',
    ],
)
@pytest.mark.parametrize("place", ["results/*/index.json", "checkpoints/*/*/index.json"])
def test_what_cannot_be_read_is_of_no_use(store, place, content):
    (path,) = store.glob(place)
    path.write_bytes(content)
    for entry in entries(store):
        assert (entry.useless == "") == (entry.kind not in place)


@pytest.mark.parametrize(
    "noted",
    ["[" * 100_000, '{"facts": [], "images": 1, "shard": 1}', '{"images": 1e999, "facts": {}}'],
)
def test_features_that_say_nothing_are_of_no_use(store, noted):
    (store / "features" / C / "facts.json").write_text(noted)
    assert only(store, "features").useless


@pytest.mark.parametrize("command", ["list", "prune", "clear"])
def test_an_empty_store_is_not_the_current_directory(command):
    result = CliRunner().invoke(cli.main, ["cache", command, "--store="])
    assert result.exit_code == 2
    assert "--store is empty" in result.stderr
