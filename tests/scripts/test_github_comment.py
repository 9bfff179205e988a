"""The comment on a pull request, written to a server that keeps comments as GitHub does."""

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import github_comment
import pytest
from made_project import SCRIPTS

SCRIPT = SCRIPTS / "github_comment.py"
BOT = "github-actions[bot]"
MARK = "<!-- fer_bench compare: benchmark -->"


class GitHub(BaseHTTPRequestHandler):
    """Comments of pull request 7 of ``owner/name``."""

    def do_GET(self):
        page = {name: int(value[0]) for name, value in parse_qs(urlsplit(self.path).query).items()}
        first = (page["page"] - 1) * page["per_page"]
        self.answer(200, self.server.comments[first : first + page["per_page"]])

    def do_POST(self):
        assert self.path == "/repos/owner/name/issues/7/comments"
        self.write({"id": 1000 + len(self.server.comments), "user": {"login": BOT}})

    def do_PATCH(self):
        number = re.fullmatch(r"/repos/owner/name/issues/comments/(\d+)", self.path)[1]
        (one,) = [one for one in self.server.comments if one["id"] == int(number)]
        self.write(one)

    def write(self, one):
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        if self.server.refuses:
            self.answer(403, {"message": "Resource not accessible by integration"})
            return
        if one not in self.server.comments:
            self.server.comments.append(one)
        one.update(body=text, html_url=f"http://page/{one['id']}")
        self.answer(200, one)

    def answer(self, status, content):
        assert self.headers["Authorization"] == "Bearer secret"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def github():
    server = ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
    server.comments, server.refuses = [], False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def put(github, tmp_path, monkeypatch, capsys):
    """Write a comparison into the comment; return the output."""
    variables = {
        "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}",
        "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_RUN_ID": "55",
        "GITHUB_SERVER_URL": "https://pages",
        "GITHUB_TOKEN": "secret",
        "no_proxy": "*",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def run(text, name="benchmark", as_program=False):
        path = tmp_path / "comparison.md"
        path.write_text(text)
        words = [str(SCRIPT), str(path), "--pull-request=7", f"--name={name}"]
        if as_program:
            done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
            assert (done.returncode, done.stderr) == (0, "")
            return done.stdout
        monkeypatch.setattr(sys, "argv", words)
        assert github_comment.main() == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        return printed.out

    return run


def comment(number, body, who=BOT):
    return {"id": number, "body": body, "user": {"login": who}}


def test_one_comment_is_written_and_then_written_again(github, put):
    assert put("# First\n", as_program=True) == "comment: http://page/1000\n"
    assert put("# Second\n") == "comment: http://page/1000\n"
    (one,) = github.comments
    link = "[This run](https://pages/owner/name/actions/runs/55)"
    assert one["body"] == f"{MARK}\n# Second\n\n{link}\n"


def test_each_name_has_its_own_comment(github, put):
    put("one", "fast")
    put("two", "slow")
    put("three", "fast")
    assert [one["body"].splitlines()[1] for one in github.comments] == ["three", "two"]


def test_what_others_wrote_stays(github, put):
    others = [comment(1, MARK, "someone"), comment(2, f"see {MARK}"), comment(3, "")]
    github.comments += others
    put("ours")
    assert [one["body"] for one in github.comments[:3]] == [MARK, f"see {MARK}", ""]
    assert len(github.comments) == 4


@pytest.mark.parametrize("before", [99, 100, 199, 200])
def test_it_is_found_among_many(github, put, before):
    github.comments += [comment(number, "talk", "someone") for number in range(before)]
    github.comments.append(comment(777, MARK))
    put("ours")
    assert len(github.comments) == before + 1
    assert "ours" in github.comments[-1]["body"]


def test_a_comparison_too_long_for_a_comment_is_left_to_the_summary(github, put):
    link = "[This run](https://pages/owner/name/actions/runs/55)"
    around = len(f"{MARK}\n\n\n{link}\n")
    put("x" * (65_536 - around))
    assert len(github.comments[0]["body"]) == 65_536
    put("x" * (65_537 - around))
    (one,) = github.comments
    assert one["body"].startswith(f"{MARK}\n")
    assert "too long" in one["body"]
    assert link in one["body"]


def test_comments_whose_author_or_text_is_gone_are_passed_by(github, put):
    github.comments += [
        {"id": 1, "body": MARK, "user": None},
        {"id": 2, "body": None, "user": {"login": BOT}},
        {"id": 3, "body": None, "user": None},
        comment(4, MARK),
    ]
    assert put("ours") == "comment: http://page/4\n"
    assert [one["body"] for one in github.comments[:3]] == [MARK, None, None]


def test_where_nothing_may_be_written_is_reported(github, put):
    github.refuses = True
    message = put("ours")
    assert message.startswith("::notice title=No comment::")
    assert "answered 403" in message
    assert "pull-requests: write" in message
    assert not github.comments


def test_where_github_is_out_of_reach_is_reported(github, put, monkeypatch):
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    message = put("ours")
    assert message.startswith("::notice title=No comment::")
    assert "no answer" in message
