"""A run on parts of the right digest that no run wrote gives the figures of a run without them."""

import json
import shutil

import numpy as np
import pytest
from forged_parts import packed, reseal

from fer_bench.results import load_run
from fer_bench.training.store.checkpoints import Checkpoints

OWN = """
def test_own(trained):
    assert trained.network.suffix.get_weights()
"""


def arrays(content, tmp_path):
    path = tmp_path / "arrays.npz"
    path.write_bytes(content)
    with np.load(path) as found:
        return [found[str(number)] for number in range(len(found.files))]


def without_history(content):
    return json.dumps({"seconds": json.loads(content)["seconds"]}).encode()


@pytest.mark.network
@pytest.mark.usefixtures("undrawn")
def test_forged_parts_change_no_figure(bench, small, tiny_data, tmp_path, pytester, monkeypatch):
    store = tmp_path / "store"
    own = str(pytester.makepyfile(OWN))
    words = [own, small, "--init=random", f"--dataset={tiny_data}", "--epochs=2", "--no-timing"]
    words += ["--trainable-layers=0", f"--store={store}"]

    def run():
        result = bench(*words)
        assert result.ret == 0
        (cell,) = load_run(pytester.path / "report" / "results.json").cells
        return cell.quality, result

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "discard", lambda _: None)
        expected, _ = run()
    genuine = shutil.copytree(store, tmp_path / "genuine")
    changes = [
        ("variables.npz", lambda content: packed(arrays(content, tmp_path)[:-1])),
        ("progress.json", without_history),
        ("result.json", lambda content: content.replace(b'"seed": 42', b'"seed": 43')),
        ("suffix.npz", lambda content: packed(arrays(content, tmp_path)[::-1])),
    ]
    for name, change in changes:
        shutil.rmtree(store)
        shutil.copytree(genuine, store)
        (path,) = store.rglob(name)
        if path.is_relative_to(store / "checkpoints"):
            shutil.rmtree(store / "results")
        forged = change(path.read_bytes())
        assert forged != path.read_bytes()
        reseal(path.parent, name, forged)
        found, result = run()
        assert found == expected
        result.stdout.fnmatch_lines([f"NOTE: store: *is damaged: {name} *"])
