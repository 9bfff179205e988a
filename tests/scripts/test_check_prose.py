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


@pytest.mark.parametrize(("text", "status"), [('"""Fine."""\n', 0), ('"""How it works."""\n', 1)])
def test_exit_status(tmp_path, capsys, text, status):
    (tmp_path / "module.py").write_text(text)
    assert check_prose.main([str(tmp_path)]) == status
    assert ("module.py:1" in capsys.readouterr().out) == bool(status)
