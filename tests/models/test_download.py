"""Downloads from servers, real ones, that are broken, slow, or want to do harm."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import functools
import io
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from file_server import CONTENT, serving

from fer_bench import models
from fer_bench.models.weights import download as module
from fer_bench.models.weights import search_path
from fer_bench.models.weights.download import DownloadFailed, download
from fer_bench.runtime import locks

MOST = 100_000
PART = ".w.h5.fer-bench.part"


@pytest.fixture
def server(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with serving() as (running, handler):
        handler.address = f"http://127.0.0.1:{running.server_port}"
        yield handler


@pytest.fixture(autouse=True)
def ours(tmp_path, monkeypatch):
    """Return the cache that the locks lie in."""
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "ours"))
    return tmp_path / "ours"


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "w.h5"


OTHER = "another content"


def sound(path):
    if path.read_bytes() != CONTENT:
        raise DownloadFailed(OTHER)


def failure(server, page, target) -> str:
    """Return the reason for the missing file; nothing of it is left."""
    with pytest.raises(DownloadFailed) as caught:
        download([f"{server.address}/{page}"], target, sound, MOST)
    assert not target.exists()
    assert not (target.parent / PART).exists()
    text = str(caught.value)
    assert "\n" not in text
    assert f"{server.address}/{page}: " in text
    return text


@pytest.mark.parametrize("page", ["sound", "unsized", "chunked"])
def test_a_file_arrives_and_nothing_next_to_it(server, target, page):
    url = f"{server.address}/{page}"
    assert download([url], target, sound, MOST) == url
    assert [path.name for path in target.parent.iterdir()] == ["w.h5"]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("length", ["abc", "-5", "1e3", "0x10", "5_5"])
def test_a_length_that_is_no_number_is_one_line(server, target, length):
    assert "is not a number" in failure(server, length, target)


@pytest.mark.parametrize(
    ("page", "facts"),
    [
        ("100001", ["100,001 bytes", "limit of 100,000"]),
        ("endless", ["exceeds the limit of 100,000 bytes"]),
        (str(len(CONTENT) + 1), [f"only {len(CONTENT)} of {len(CONTENT) + 1} bytes"]),
        ("10", [OTHER]),
        ("half_chunked", ["IncompleteRead"]),
        ("reset", ["Connection reset"]),
        ("9" * 5000, ["Content-Length", f"'{'9' * 60}'"]),
    ],
)
def test_a_broken_answer_leaves_nothing(server, target, page, facts):
    text = failure(server, page, target)
    assert [fact for fact in facts if fact not in text] == [], text


def test_an_endless_answer_stops_at_the_limit(server, target, monkeypatch):
    sizes = []
    unlink = Path.unlink

    def measured(path, missing_ok=False):
        if path.exists() and path.name == PART:
            sizes.append(path.stat().st_size)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", measured)
    failure(server, "endless", target)
    assert len(sizes) == 1
    assert MOST < sizes[0] <= MOST + (1 << 16)


def test_an_answer_that_drips_is_given_up(server, target, monkeypatch):
    monkeypatch.setattr(module, "WINDOW_S", 0.2)
    assert "bytes received within 0 seconds" in failure(server, "dripping", target)


def test_a_header_that_drips_is_given_up(server, target, monkeypatch):
    monkeypatch.setattr(module, "WINDOW_S", 0.2)
    text = failure(server, "slow_header", target)
    assert "no complete response header within 0 seconds" in text


def test_an_answer_that_stops_is_given_up(server, target, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    assert "timed out" in failure(server, "waiting", target)


@pytest.mark.parametrize("elsewhere", ["http://[::1", "http://a..b/", "http://127.0.0.1:x/", ""])
def test_a_redirect_to_no_address_is_one_line(server, target, elsewhere):
    server.elsewhere = elsewhere
    failure(server, "moved", target)


@pytest.mark.parametrize("elsewhere", ["ftp://127.0.0.1/w", "file:///etc/passwd"])
def test_a_redirect_to_another_kind_of_address_is_refused(server, target, elsewhere):
    server.elsewhere = elsewhere
    assert "redirect" in failure(server, "moved", target).lower()


def test_a_redirect_is_followed_where_nothing_is_lost(server, target):
    server.elsewhere = f"{server.address}/sound"
    assert download([f"{server.address}/moved"], target, sound, MOST) == f"{server.address}/moved"


def test_a_redirect_from_https_to_http_is_refused_with_both_addresses(
    server, target, tmp_path, monkeypatch
):
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl for a certificate")
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {certificate} -days 2 "
        "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1",
        shell=True,
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(elsewhere=f"{server.address}/sound") as (secure, handler):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        handler.address = f"https://127.0.0.1:{secure.server_port}"
        text = failure(handler, "moved", target)
        assert f"{handler.address}/moved redirects to {server.address}/sound" in text
        assert server.asked == []
        download([f"{handler.address}/sound"], target, sound, MOST)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("old", "new", "is_followed"),
    [
        ("https", "https", True),
        ("http", "https", True),
        ("http", "http", True),
        ("https", "http", False),
        ("https", "ftp", False),
        ("http", "ftp", False),
    ],
)
def test_which_redirects_are_followed(old, new, is_followed):
    request, body = urllib.request.Request(f"{old}://a.test/x"), io.BytesIO()

    def follow():
        return module._Redirects().redirect_request(
            request, body, 302, "Found", {}, f"{new}://b.test/y"
        )

    if is_followed:
        assert follow().full_url == f"{new}://b.test/y"
    else:
        with pytest.raises(DownloadFailed, match=f"{old}://a.test/x redirects to {new}://b.test/y"):
            follow()


def test_the_proxy_of_the_environment_is_used(server, target, monkeypatch):
    monkeypatch.setenv("http_proxy", server.address)
    download(["http://weights.invalid/sound"], target, sound, MOST)
    assert server.asked == ["http://weights.invalid/sound"]


START = """
import pathlib, sys
from fer_bench.models.weights.download import download
url, target = sys.argv[1:]
print(download([url], pathlib.Path(target), lambda path: None, 100_000))
"""


@contextlib.contextmanager
def process(url, target, start=START):
    command = [sys.executable, "-c", start, url, target]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            yield running
        finally:  # also one that was stopped
            running.kill()


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_asked(server, times):
    return len(server.asked) == times


def test_what_a_killed_download_leaves_goes_with_the_next(server, target):
    for number in (1, 2):
        with process(f"{server.address}/waiting", target) as running:
            wait_for(functools.partial(is_asked, server, number))
            wait_for((target.parent / PART).exists)
            running.kill()
        assert {path.name for path in target.parent.iterdir()} <= {PART}
    download([f"{server.address}/sound"], target, sound, MOST)
    assert [path.name for path in target.parent.iterdir()] == ["w.h5"]


def test_what_is_not_ours_stays(server, target, tmp_path):
    target.parent.mkdir()
    others = [".w.h5.part", f".w.h5.{'ab' * 16}.part", ".v.h5.fer-bench.part", "w.h5.part"]
    for name in others:
        (target.parent / name).write_bytes(b"somebody's")
    precious = tmp_path / "precious"
    precious.write_bytes(b"somebody's")
    (target.parent / PART).symlink_to(precious)
    download([f"{server.address}/sound"], target, sound, MOST)
    assert sorted(path.name for path in target.parent.iterdir()) == sorted([*others, "w.h5"])
    assert precious.read_bytes() == b"somebody's"


def test_a_directory_in_the_way_is_one_line(server, target):
    (target.parent / PART / "kept").mkdir(parents=True)
    with pytest.raises(DownloadFailed, match="the download failed"):
        download([f"{server.address}/sound"], target, sound, MOST)
    assert (target.parent / PART / "kept").is_dir()


def test_a_second_process_waits_and_takes_what_the_first_fetched(
    server, target, monkeypatch, capsys
):
    monkeypatch.setattr(locks, "REPORT_AFTER_S", 0.0)
    with process(f"{server.address}/waiting", target) as running:
        wait_for((target.parent / PART).exists)
        threading.Timer(0.3, server.released.set).start()
        assert download([f"{server.address}/sound"], target, sound, MOST) is None
        assert running.communicate()[0].decode().strip() == f"{server.address}/waiting"
    assert server.asked == ["/waiting"]
    message = capsys.readouterr().err
    assert f"waiting for process {running.pid} on" in message
    assert "the same download" in message
    assert [path.name for path in target.parent.iterdir()] == ["w.h5"]


def test_a_holder_that_never_ends_is_not_waited_for(server, target, monkeypatch):
    monkeypatch.setattr(locks, "LIMIT_S", 0.3)
    with process(f"{server.address}/waiting", target) as running:
        wait_for((target.parent / PART).exists)
        running.send_signal(signal.SIGSTOP)
        with pytest.raises(DownloadFailed, match=f"^process {running.pid} on "):
            download([f"{server.address}/sound"], target, sound, MOST)
    assert not target.exists()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_enough(server, target, ours, monkeypatch, number):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert download([f"{server.address}/sound"], target, sound, MOST) is not None
    assert not list(ours.glob("locks/*.held"))


def test_what_another_user_downloads_meanwhile_is_not_taken(server, target):
    def check(part):
        part.rename(part.with_name("mine"))
        part.write_bytes(CONTENT[:100])

    with pytest.raises(DownloadFailed, match="another user's process"):
        download([f"{server.address}/sound"], target, check, MOST)
    assert not target.exists()


def test_a_cache_that_cannot_be_written_to_is_one_line(server, target, ours):
    ours.touch()
    with pytest.raises(DownloadFailed, match="name another one with FER_BENCH_CACHE"):
        download([f"{server.address}/sound"], target, sound, MOST)
    assert server.asked == []


def test_a_full_disk_is_one_line_and_leaves_nothing(server, target):
    pytest.importorskip("resource")
    limited = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n{START}"
    with process(f"{server.address}/sound", target, limited) as running:
        error = running.communicate()[1].decode().strip().splitlines()[-1]
    assert "DownloadFailed: " in error
    assert f"({server.address}/sound: [Errno 27]" in error
    assert not list(target.parent.iterdir())


def test_a_read_only_cache_is_one_line(server, target, read_only):
    target.parent.mkdir()
    read_only(target.parent)
    with pytest.raises(DownloadFailed, match="the download failed"):
        download([f"{server.address}/sound"], target, sound, MOST)
    assert server.asked == []


def test_a_limit_for_every_registered_network():
    """A third of it is enough for every file that upstream publishes."""

    def most(name, **fields):
        entry = dataclasses.replace(models.get(name), **fields)
        return search_path._largest_size(entry, entry.weights)

    assert most("vggface") // 3 > 4 * 145_002_878
    assert most("vggface") < 4 * 580_100_000 + (32 << 20)
    assert most("resnet50") // 3 > 94_765_736
    assert most("mobilenet") // 3 > 17_225_924
    assert most("mini", parameters=None) == 4 << 30
