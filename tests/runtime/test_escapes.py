"""Escapes of text of unknown origin."""

import re
from html.parser import HTMLParser

import pytest
from hostile_text import NAME, TEXTS, is_safe, obeyed
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.runtime.escapes import (
    clean,
    displayed,
    encodable,
    in_csv,
    in_latex,
    in_markdown,
    inert,
    printable,
)

ENCODINGS = ["utf-8", "ascii", "latin-1", "cp1252", "cp437", "cp932", "gb18030", "koi8-r"]
encodings = st.sampled_from(ENCODINGS)
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126))


# -- one line


@pytest.mark.parametrize("make", [printable, clean])
@given(text=TEXTS)
def test_a_name_is_one_line_that_prints(make, text):
    made = make(text)
    assert is_safe(inert(made))
    assert "\n" not in made
    assert make(made) == made
    made.encode("utf-8")


@given(ASCII)
def test_plain_text_stays_as_it_is(text):
    assert printable(text) == text
    assert clean(text) == " ".join(text.split())
    assert inert(text) == text or obeyed(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Grüße, 😀 漢字", "Grüße, 😀 漢字"),
        ("a\nb\r\t\x1b[31m\x9b", r"a\nb\r\t\x1b[31m\x9b"),
        ("\u202ea\u2066 \u2028\u200b\xad", r"\u202ea\u2066 \u2028\u200b\xad"),
        ("a\ufe0fb\u3164\u115f", r"a\ufe0fb\u3164\u115f"),
        ("bad\udcff.csv", r"bad\udcff.csv"),
    ],
)
def test_what_does_not_print_is_as_python_writes_it(text, expected):
    assert printable(text) == expected


# -- commands of runners


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("::error::x", ": :error::x"),
        ("  ::error::x", "  : :error::x"),
        ("a\n::set-output name=a::b", "a\n: :set-output name=a::b"),
        (":::x", ": ::x"),
        ("a ##[error]x", "a # #[error]x"),
        ("###[error]x", "## #[error]x"),
        ("##vso[task.x]y", "# #vso[task.x]y"),
        ("a::b, ## c [d]", "a::b, ## c [d]"),
    ],
)
def test_commands_are_taken_apart(text, expected):
    assert inert(text) == expected
    assert inert(expected) == expected


# -- encodings


@given(TEXTS, encodings)
def test_what_is_shown_is_safe_and_can_be_encoded(text, encoding):
    shown = displayed(text, encoding)
    shown.encode(encoding)
    assert is_safe(shown)
    assert displayed(shown, encoding) == shown
    assert shown.count("\n") == text.count("\n")


@given(TEXTS, TEXTS, encodings)
def test_what_stands_for_a_character_is_always_the_same(one, other, encoding):
    made = encodable(one, encoding)
    assert encodable(one + other, encoding) == made + encodable(other, encoding)
    made.encode(encoding)


@given(st.text(), encodings)
def test_what_an_encoding_has_stays(text, encoding):
    kept = "".join(char for char in text if char.encode(encoding, "ignore"))
    assert encodable(kept, encoding) == kept
    assert encodable(text, None) == text


SIGNS = "\xd7 \u2013 \xb1 \u2264 \u2212 \u2026 \xe9 \u2502\u2500\u253c \u6f22"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", SIGNS),
        ("latin-1", "\xd7 - \xb1 <= - ... \xe9 |-+ \\u6f22"),
        ("cp437", "x - \xb1 \u2264 - ... \xe9 \u2502\u2500\u253c \\u6f22"),
        ("cp932", "\xd7 - \xb1 <= \u2212 \u2026 \\xe9 \u2502\u2500\u253c \u6f22"),
        ("ascii", "x - +/- <= - ... \\xe9 |-+ \\u6f22"),
    ],
)
def test_signs_by_encoding(encoding, expected):
    assert encodable(SIGNS, encoding) == expected


# -- Markdown


class Nodes(HTMLParser):
    """Tags, and texts as GitHub's filters see them, which a comment parts."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_comment(self, data):
        assert data == " "
        self.texts.append("")

    def handle_data(self, data):
        self.texts = [*self.texts[:-1], (self.texts or [""])[-1] + data]


_GITHUB = ["@", "#", "GH-", "gh-", "://", "https://", "www.", "a.b", "1", "x/y", ".", "-", "+", ")"]
_GITHUB += ["<!--", "-->", "`", "_", "*", "\\", "&#64;", "<b>", " ", "|", "[", "](", "~", "$", "="]


@given(st.lists(st.sampled_from(_GITHUB) | TEXTS, max_size=8).map("".join))
def test_markdown_shows_the_text_and_links_nothing(text):
    markdown_it = pytest.importorskip("markdown_it")
    parser = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    nodes = Nodes(parser.render(in_markdown(text)))
    assert set(nodes.tags) <= {"p"}
    assert "".join(nodes.texts).strip() == clean(text)
    for node in nodes.texts:
        for link in (r"@\w", r"#\d", r"(?i)gh-\d", r"://\S", r"(?i)www\.\S"):
            assert not re.search(link, node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@someone and @org/team", "@<!-- -->someone and @<!-- -->org/team"),
        ("a@b.example", "a@<!-- -->b.example"),
        ("#12, x/y#3, GH-4", r"\#<!-- -->12, x/y\#<!-- -->3, GH<!-- -->-4"),
        ("https://x.example www.x.example", "https://<!-- -->x.example www<!-- -->.x.example"),
        ("<!-- x -->", r"&lt;\!-- x --&gt;"),
        ("- a", r"\- a"),
        ("1. a", r"1\. a"),
        ("-0.5 to 1.5", "-0.5 to 1.5"),
        ("---", r"\---"),
    ],
)
def test_markdown_by_hand(text, expected):
    assert in_markdown(text) == expected


# -- all forms


@pytest.mark.parametrize("make", [clean, in_csv, in_latex, in_markdown, printable])
def test_a_hostile_name_is_one_line_everywhere(make):
    assert "\n" not in make(NAME)
    assert make(NAME).isprintable()
