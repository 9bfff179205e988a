import check_prose
import pytest


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('"""What a module holds."""', [1]),
        ('def f():\n    """Whether it is so."""', [2]),
        ('def f():\n    """Return x.\n\n    It tells how."""', [2]),
        ("x = 1\n# Made anew\n", [2]),
        ('X = 1\n"""Number of twins."""', [2]),
        ('def f(told):\n    """Return x.\n\n    Args:\n        told: of ``twins``.\n    """', []),
        ('"""Whatever the order: no, how."""', [1]),
        ('text = "What is told"', []),
        ('"""Duplicates; report them."""', []),
    ],
)
def test_findings(source, lines):
    assert [line for line, _ in check_prose.findings(source)] == lines


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('text = "What we told you"', [1]),
        ('text = "told you"', []),
        ('text = ("one "\n"two anew")', [1]),
        ('text = f"{a} has twins {b}"', [1]),
        ("text = f\"{a} {f'tells us of {b}'}\"", [1]),
        ('text = f"{x:telling>9}"', []),
        ('"""We told you of twins."""', []),
        ('text = re.compile("we tell you")', []),
        ('text = "option `tells` of twin"', [1]),
        ("text = \"the word 'told' in quotes\"", []),
        ('text = "the image folders of it"', []),
        ('text = "the folders of it"', [1]),
        ('text = "it is no directory"', [1]),
        ('text = "Naming the largest class"', [1]),
        ('text = "with a twin"', []),
    ],
)
def test_findings_in_strings(source, lines):
    assert [line for line, _ in check_prose.string_findings(source)] == lines


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("<p>\nWe told you\n", [2]),
        ("{# Made anew. #}", [1]),
        ('<p class="told">{{ twins }}{% if folder %}', []),
        ("/* What stands beside it */", [1]),
    ],
)
def test_findings_in_templates(source, lines):
    assert [line for line, _ in check_prose.template_findings(source)] == lines


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("One\n\nWe told you\n", [3]),
        ("    We told you\n", []),
        ("See `twins` and [it](told.md).\n", []),
        ("```\ntold\n```\nanew\n", [4]),
    ],
)
def test_findings_in_markdown(source, lines):
    assert [line for line, _ in check_prose.markdown_findings(source)] == lines


@pytest.mark.parametrize(("text", "status"), [('"""Fine."""\n', 0), ('"""How it works."""\n', 1)])
def test_exit_status(tmp_path, capsys, text, status):
    (tmp_path / "module.py").write_text(text)
    assert check_prose.main([str(tmp_path)]) == status
    assert ("module.py:1" in capsys.readouterr().out) == bool(status)


def test_strings_are_checked_in_the_paths_named(tmp_path, capsys):
    checked = tmp_path / "checked"
    checked.mkdir()
    for name in ("checked/module.py", "checked/page.html.j2", "other.py"):
        (tmp_path / name).write_text("\ntext = 'it is no file'\n")
    arguments = [str(tmp_path), "--strings", str(checked)]
    assert check_prose.main(arguments) == 1
    found = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in found] == [
        f"{checked / 'module.py'}:2",
        f"{checked / 'page.html.j2'}:2",
    ]
    assert check_prose.main(arguments[:1]) == 0
