"""What a kind of bad input is, and the damages that several formats share."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Sound = Callable[[Path], Path]
"""Writes something sound into a folder, and returns what to pass to a command."""

Damage = Callable[[Path], "Path | None"]
"""Damages what a ``Sound`` returned; returns what to pass instead, where it is another path."""

TERABYTE = 1 << 40


@dataclass(frozen=True)
class Kind:
    """One kind of bad input.

    Attributes:
        name: unique, in words.
        door: what reads it, one of ``doors.DOORS``.
        sound: writes the same thing before the damage, which must be accepted.
        damage: makes it bad.
        told: what the line must hold beside the path that was passed: file, line, member.
        unprivileged: whether it is read by one whom the modes of files bind.
    """

    name: str
    door: str
    sound: Sound
    damage: Damage
    told: tuple[str, ...] = ()
    unprivileged: bool = False

    def write(self, folder: Path) -> Path:
        """Writes the bad input, and returns what to pass to a command."""
        path = self.sound(folder)
        return self.damage(path) or path


def content(data: bytes | str) -> Damage:
    """Something else altogether in the file's place."""
    return lambda path: done(path.write_bytes(data.encode() if isinstance(data, str) else data))


def changed(change: Callable[[bytes], bytes]) -> Damage:
    """The file's bytes, changed; a change that changes nothing is a mistake in the corpus."""

    def damage(path: Path) -> None:
        before = path.read_bytes()
        after = change(before)
        assert after != before
        path.write_bytes(after)

    return damage


def swapped(old: bytes | str, new: bytes | str) -> Damage:
    """The first ``old`` in the file becomes ``new``."""
    old, new = (text.encode() if isinstance(text, str) else text for text in (old, new))
    return changed(lambda data: data.replace(old, new, 1))


def cut_before(mark: bytes, more: int = 0) -> Damage:
    """The file ends before the last ``mark``, or so many bytes after that place."""
    return changed(lambda data: data[: data.rindex(mark) + more])


def cut_to(size: int) -> Damage:
    """The file keeps its first bytes, or with a negative number loses its last ones."""
    return changed(lambda data: data[:size])


def recoded(encoding: str) -> Damage:
    """The file's text in another encoding."""
    return changed(lambda data: data.decode("utf-8").encode(encoding))


def gone(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    """Whoever opens it for reading waits for a writer that never comes."""
    path.unlink()
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    path.unlink()
    # The name of a socket may not be as long as that of a file.
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def a_link(target: str) -> Damage:
    """A symbolic link; to a device, it is read as if the device had the file's name."""

    def damage(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return damage


def a_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def closed(path: Path) -> None:
    """Nobody may read it, but the superuser."""
    path.chmod(0)


def as_large_as(size: int) -> Damage:
    """Zero bytes behind the content, which take no room on the disk."""
    return lambda path: done(os.truncate(path, size))


def renamed(name: str | bytes) -> Damage:
    """Another name for the same content."""

    def damage(path: Path) -> Path:
        return path.rename(path.parent / os.fsdecode(name))

    return damage


def both(*damages: Damage) -> Damage:
    """One after the other."""

    def damage(path: Path) -> Path:
        for one in damages:
            path = one(path) or path
        return path

    return damage


def in_root(name: str, damage: Damage) -> Damage:
    """Damages something in a folder, which is what is passed still."""
    return lambda root: done(damage(root / name))


def done(_: object) -> None:
    """Makes a damage of a call that returns something."""


def file_kinds(door: str, what: str, sound: Sound) -> list[Kind]:
    """What may lie in the place of any file."""
    damages: dict[str, Damage] = {
        "not there": gone,
        "a folder in its place": a_folder,
        "a pipe nobody writes to": a_pipe,
        "a socket": a_socket,
        "an endless device": a_link("/dev/zero"),
        "an empty device": a_link("/dev/null"),
        "a link to itself": a_link_to_itself,
        "a link to nothing": a_link("nothing"),
        "a terabyte": as_large_as(TERABYTE),
        "a name with line end, escape and bidirectional marks": both(
            renamed("bad\n\x1b[31m\u202e\u2066.NAME"), content(b"\0")
        ),
        "a name that is not UTF-8": both(renamed(b"bad\xff.NAME"), content(b"\0")),
        "a very long name": both(renamed(f"{'n' * 240}.NAME"), content(b"\0")),
    }
    kinds = [
        Kind(f"{what}: {name}", door, sound, _with_suffix(damage))
        for name, damage in damages.items()
    ]
    closed_one = Kind(
        f"{what}: closed to this user",
        door,
        sound,
        closed,
        ("Permission denied",),
        unprivileged=True,
    )
    return [*kinds, closed_one]


def _with_suffix(damage: Damage) -> Damage:
    """Gives a file that was renamed to ``.NAME`` the suffix that it had."""

    def with_suffix(path: Path) -> Path | None:
        found = damage(path)
        return None if found is None else found.rename(found.with_suffix(path.suffix))

    return with_suffix
