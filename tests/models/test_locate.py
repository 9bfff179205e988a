"""The chain of places that weights come from, with a real server at its end."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import io
import itertools
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from fer_bench import models
from fer_bench.models import WeightsMissing, WeightsSource
from fer_bench.models.weights import search_path
from fer_bench.runtime.errors import FerBenchError

MOBILENET = "mobilenet_1_0_224_tf_no_top.h5"


def npz() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **{"dense/kernel": np.arange(6.0).reshape(2, 3)})
    return stream.getvalue()


CONTENT = npz()


class Server(http.server.BaseHTTPRequestHandler):
    """Serves one sound file, one cut short, one error page; counts what is asked for."""

    asked: list[str]

    def do_GET(self):
        self.asked.append(self.path)
        if self.path == "/missing":
            self.send_error(404, "not here")
            return
        content = b"<html>Not Found</html>" if self.path == "/page" else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:100] if self.path == "/cut" else content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("FER_BENCH_OFFLINE", "0")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(search_path, "_failed", {})
    handler = type("Handler", (Server,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", handler.asked
        running.shutdown()
        thread.join()


def downloaded(tmp_path, *urls, **options):
    """Return a backbone whose weights are at these addresses, and the cache they go to."""
    cache = tmp_path / "cache"
    source = WeightsSource(file="w.npz", cache=cache, urls=urls, **options)
    return dataclasses.replace(models.get("mini"), weights=source), cache / "w.npz"


def put(directory: Path, name: str = MOBILENET) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_bytes(b"weights")
    return path


def test_the_given_directory_comes_first(tmp_path, monkeypatch):
    given, named = put(tmp_path / "given"), put(tmp_path / "named")
    put(Path(os.environ["KERAS_HOME"]) / "models")
    monkeypatch.setenv("FER_BENCH_WEIGHTS", str(named.parent))
    found = models.locate(models.get("mobilenet"), given.parent)
    assert found == models.Located(given, "--weights-dir")


def test_then_the_directory_that_the_environment_names(tmp_path, monkeypatch):
    named = put(tmp_path / "named")
    put(Path(os.environ["KERAS_HOME"]) / "models")
    (tmp_path / "given").mkdir()
    monkeypatch.setenv("FER_BENCH_WEIGHTS", str(named.parent))
    found = models.locate(models.get("mobilenet"), tmp_path / "given")
    assert found == models.Located(named, "FER_BENCH_WEIGHTS")


def test_then_keras_own_cache():
    path = put(Path(os.environ["KERAS_HOME"]) / "models")
    found = models.locate(models.get("mobilenet"))
    assert found == models.Located(path, "Keras' cache")


def test_keras_cache_without_its_variable_is_in_the_home(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    path = put(tmp_path / ".keras" / "models")
    assert models.locate(models.get("mobilenet")).path == path


@pytest.mark.parametrize(
    ("name", "file"), [("vggface", "vgg_face_weights.h5"), ("openface", "openface_weights.h5")]
)
def test_then_deepfaces_own_cache(name, file):
    path = put(Path(os.environ["DEEPFACE_HOME"]) / ".deepface" / "weights", file)
    found = models.locate(models.get(name))
    assert found == models.Located(path, "deepface's cache")


def test_the_chain_names_every_place_before_any_is_looked_into(tmp_path):
    (tmp_path / "given").mkdir()
    source = models.get("mobilenet").weights
    cache = Path(os.environ["KERAS_HOME"]) / "models" / MOBILENET
    assert models.SearchPath.of(source, tmp_path / "given") == models.SearchPath(
        locations=(
            models.SearchLocation("--weights-dir", tmp_path / "given" / MOBILENET),
            models.SearchLocation("FER_BENCH_WEIGHTS", None),
            models.SearchLocation("Keras' cache", cache),
        ),
        download=models.Download(source.urls, cache, "download disabled by FER_BENCH_OFFLINE"),
    )
    assert models.SearchPath.of(WeightsSource("w.h5")).locations == (
        models.SearchLocation("--weights-dir", None),
        models.SearchLocation("FER_BENCH_WEIGHTS", None),
    )
    assert models.SearchPath.of(WeightsSource("w.h5")).download is None


@pytest.mark.parametrize("held", list(itertools.product([False, True], repeat=3)))
def test_what_is_located_is_what_the_chain_finds(tmp_path, monkeypatch, held):
    given, named = tmp_path / "given", tmp_path / "named"
    cache = Path(os.environ["KERAS_HOME"]) / "models"
    for directory, has_file in zip((given, named, cache), held, strict=True):
        directory.mkdir(parents=True)
        if has_file:
            put(directory)
    monkeypatch.setenv("FER_BENCH_WEIGHTS", str(named))
    entry = models.get("mobilenet")
    found = models.SearchPath.of(entry.weights, given).find()
    if any(held):
        assert found == models.locate(entry, given)
        assert found.path.parent == (given, named, cache)[held.index(True)]
    else:
        assert found is None
        with pytest.raises(WeightsMissing):
            models.locate(entry, given)


def test_a_backbone_without_weights_says_so():
    without = dataclasses.replace(models.get("mini"), weights=None)
    with pytest.raises(WeightsMissing, match="'mini' has no pretrained"):
        models.locate(without)


def test_a_missing_file_names_itself_all_places_and_the_way_out(tmp_path):
    (tmp_path / "given").mkdir()
    with pytest.raises(WeightsMissing) as caught:
        models.locate(models.get("mobilenet"), tmp_path / "given")
    text = str(caught.value)
    assert "\n" not in text
    for part in (
        "MobileNet",
        MOBILENET,
        f"--weights-dir ({tmp_path / 'given'})",
        "FER_BENCH_WEIGHTS (not set)",
        f"Keras' cache ({Path(os.environ['KERAS_HOME']) / 'models'})",
        "disabled by FER_BENCH_OFFLINE",
        "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/" + MOBILENET,
    ):
        assert part in text


def test_a_missing_file_without_an_address_says_so(tmp_path):
    backbone, _ = downloaded(tmp_path)
    with pytest.raises(WeightsMissing, match="no download available") as caught:
        models.locate(backbone)
    assert "--weights-dir" in caught.value.hint


def test_a_given_directory_that_is_none_is_a_mistake_not_a_missing_file(tmp_path):
    with pytest.raises(FerBenchError, match="is not a directory") as caught:
        models.locate(models.get("mobilenet"), tmp_path / "nowhere")
    assert not isinstance(caught.value, WeightsMissing)
    assert repr(str(tmp_path / "nowhere")) in str(caught.value)


def test_so_is_a_directory_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_BENCH_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(FerBenchError, match=r"FER_BENCH_WEIGHTS '.*nowhere' is not a directory"):
        models.locate(models.get("mobilenet"))


@pytest.mark.parametrize(
    "make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.symlink_to]
)
def test_what_is_not_a_file_is_a_mistake_and_no_reason_to_look_further(tmp_path, make):
    """The last one, called with a missing target, makes a link to nowhere."""
    path = tmp_path / MOBILENET
    make(path) if make is not Path.symlink_to else make(path, tmp_path / "nowhere")
    put(Path(os.environ["KERAS_HOME"]) / "models")
    located = models.locate(models.get("mobilenet"), tmp_path)
    assert located.provenance == "--weights-dir"
    with pytest.raises(FerBenchError, match="weight file cannot be read") as caught:
        models.identity(located.path)
    assert caught.value.path == path


def test_a_download_lands_in_the_cache_whole(server, tmp_path, capfd):
    address, asked = server
    backbone, target = downloaded(tmp_path, f"{address}/sound")
    found = models.locate(backbone)
    assert found == models.Located(target, f"a download from {address}/sound")
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["w.npz"]
    assert stat.S_IMODE(target.stat().st_mode) & stat.S_IRUSR
    assert models.locate(backbone).provenance == "its own directory"
    assert asked == ["/sound"]
    assert capfd.readouterr() == ("", "")


def test_the_next_address_is_tried(server, tmp_path):
    address, asked = server
    backbone, target = downloaded(tmp_path, f"{address}/missing", f"{address}/sound")
    assert models.locate(backbone).provenance == f"a download from {address}/sound"
    assert asked == ["/missing", "/sound"]
    assert target.is_file()


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("missing", "404"),
        ("page", "is a web page"),
        ("cut", f"only 100 of {len(CONTENT)} bytes"),
    ],
)
def test_a_failed_download_leaves_nothing_and_is_not_repeated(server, tmp_path, page, reason):
    address, asked = server
    backbone, target = downloaded(tmp_path, f"{address}/{page}")
    for _ in range(2):
        with pytest.raises(WeightsMissing, match=reason) as caught:
            models.locate(backbone)
        assert "\n" not in str(caught.value)
        assert reason in models.SearchPath.of(backbone.weights).download.disabled
    assert asked == [f"/{page}"]
    assert not target.parent.exists() or not list(target.parent.iterdir())


def test_a_file_digest_is_checked_before_the_file_is_kept(server, tmp_path):
    address, _ = server
    backbone, target = downloaded(tmp_path, f"{address}/sound", digest="md5:" + "0" * 32)
    with pytest.raises(WeightsMissing, match=r"has md5 [0-9a-f]{32}, expected 0000"):
        models.locate(backbone)
    assert not list(target.parent.iterdir())


def test_a_download_with_the_right_digest_is_kept(server, tmp_path):
    address, _ = server
    digest = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
    backbone, target = downloaded(tmp_path, f"{address}/sound", digest=digest)
    assert models.locate(backbone).path == target


def test_nothing_is_downloaded_when_forbidden(server, tmp_path, monkeypatch):
    address, asked = server
    monkeypatch.setenv("FER_BENCH_OFFLINE", "1")
    backbone, _ = downloaded(tmp_path, f"{address}/sound")
    with pytest.raises(WeightsMissing, match="disabled by FER_BENCH_OFFLINE"):
        models.locate(backbone)
    assert asked == []


def test_no_server_is_a_missing_file(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_BENCH_OFFLINE", "")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    backbone, _ = downloaded(tmp_path, f"http://127.0.0.1:{port}/w.npz")
    with pytest.raises(WeightsMissing, match="the download failed"):
        models.locate(backbone)


def test_a_cache_that_cannot_be_written_is_a_missing_file(server, tmp_path):
    address, _ = server
    backbone, target = downloaded(tmp_path, f"{address}/sound")
    target.parent.write_bytes(b"a file where the cache should be")
    with pytest.raises(WeightsMissing, match="the download failed"):
        models.locate(backbone)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"digest": "4d473c"}, "digest '4d473c' is invalid"),
        ({"digest": "md5:" + "A" * 32}, "is invalid"),
        ({"digest": "values:" + "a" * 32}, "is invalid"),
        ({"urls": ("file:///etc/passwd",), "cache": "keras"}, "accepted: https:// or http://"),
        ({"urls": ("https://example.org/w",)}, "URLs but no cache"),
    ],
)
def test_a_malformed_source_is_refused(fields, reason):
    with pytest.raises(FerBenchError, match=reason):
        WeightsSource(file="w.h5", **fields)


def test_identity_is_the_sha256_of_the_file_and_follows_its_content(tmp_path):
    path = tmp_path / "w.h5"
    path.write_bytes(b"one")
    assert models.identity(path) == hashlib.sha256(b"one").hexdigest()
    path.write_bytes(b"three")
    assert models.identity(path) == hashlib.sha256(b"three").hexdigest()


def test_identity_distinguishes_files_of_one_size_and_time(tmp_path):
    path, other = tmp_path / "w.h5", tmp_path / "other"
    for file, content in ((path, b"one"), (other, b"two")):
        file.write_bytes(content)
        os.utime(file, (1, 1))
    assert models.identity(path) == hashlib.sha256(b"one").hexdigest()
    other.replace(path)
    assert models.identity(path) == hashlib.sha256(b"two").hexdigest()


def test_identity_of_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(FerBenchError, match=re.escape(repr(str(tmp_path / "w.h5")))):
        models.identity(tmp_path / "w.h5")


def test_locate_and_identity_do_without_keras(tmp_path):
    put(tmp_path)
    code = (
        "import sys, pathlib, fer_bench.models as b; "
        f"found = b.locate(b.get('mobilenet'), pathlib.Path({str(tmp_path)!r})); "
        "b.identity(found.path); print(sorted({'keras', 'tensorflow', 'h5py'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
