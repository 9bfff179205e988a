"""Kinds of bad input, and the damages that several formats share."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Sound = Callable[[Path], Path]
"""Function that writes valid input into a directory and returns the path to pass to a command."""

Damage = Callable[[Path], "Path | None"]
"""Function that damages the result of a ``Sound``, and returns the new path if it changes."""

TERABYTE = 1 << 40


@dataclass(frozen=True)
class Kind:
    """One kind of bad input.

    Attributes:
        name: unique description.
        door: key of its reader in ``doors.DOORS``.
        sound: writes the undamaged input, which must be accepted.
        damage: damages it.
        expected: what the error message must contain in addition to the path: file, line, member.
        unprivileged: if True, commands run without root's power to ignore file modes.
    """

    name: str
    door: str
    sound: Sound
    damage: Damage
    expected: tuple[str, ...] = ()
    unprivileged: bool = False

    def write(self, directory: Path) -> Path:
        """Write the bad input, and return the path to pass to a command."""
        path = self.sound(directory)
        return self.damage(path) or path


def content(data: bytes | str) -> Damage:
    """Replace the content of the file."""
    return lambda path: done(path.write_bytes(data.encode() if isinstance(data, str) else data))


def changed(change: Callable[[bytes], bytes]) -> Damage:
    """Change the bytes of the file; a change without effect is an error in the corpus."""

    def damage(path: Path) -> None:
        before = path.read_bytes()
        after = change(before)
        assert after != before
        path.write_bytes(after)

    return damage


def swapped(old: bytes | str, new: bytes | str) -> Damage:
    """Replace the first ``old`` in the file by ``new``."""
    old, new = (text.encode() if isinstance(text, str) else text for text in (old, new))
    return changed(lambda data: data.replace(old, new, 1))


def cut_before(mark: bytes, more: int = 0) -> Damage:
    """Cut the file off before the last ``mark``, or ``more`` bytes after that position."""
    return changed(lambda data: data[: data.rindex(mark) + more])


def cut_to(size: int) -> Damage:
    """Keep the first ``size`` bytes of the file, or drop the last ones if negative."""
    return changed(lambda data: data[:size])


def recoded(encoding: str) -> Damage:
    """Re-encode the file's text."""
    return changed(lambda data: data.decode("utf-8").encode(encoding))


def gone(path: Path) -> None:
    path.unlink()


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    """Replace the file by a named pipe: opening it for reading blocks, as there is no writer."""
    path.unlink()
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    path.unlink()
    # Socket paths are limited to about 100 bytes, so bind by relative name.
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def a_link(target: str) -> Damage:
    """Replace the file by a symbolic link; a link to a device is read like the device."""

    def damage(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return damage


def a_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def closed(path: Path) -> None:
    """Remove all permissions: only root can read the file."""
    path.chmod(0)


def as_large_as(size: int) -> Damage:
    """Extend the file with zero bytes that take no disk space."""
    return lambda path: done(os.truncate(path, size))


def renamed(name: str | bytes) -> Damage:
    """Rename the file."""

    def damage(path: Path) -> Path:
        return path.rename(path.parent / os.fsdecode(name))

    return damage


def both(*damages: Damage) -> Damage:
    """Apply damages one after the other."""

    def damage(path: Path) -> Path:
        for one in damages:
            path = one(path) or path
        return path

    return damage


def in_root(name: str, damage: Damage) -> Damage:
    """Damage an entry of a directory; the path to pass stays that of the directory."""
    return lambda root: done(damage(root / name))


def done(_: object) -> None:
    """Discard the result of a call, so that it can serve as a damage."""


def file_kinds(door: str, what: str, sound: Sound) -> list[Kind]:
    """Return the kinds of damage that apply to any file: its type, size, name and permissions."""
    damages: dict[str, Damage] = {
        "not there": gone,
        "a directory in its place": a_directory,
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
    """Restore the original suffix of a file that a damage renamed to ``.NAME``."""

    def with_suffix(path: Path) -> Path | None:
        found = damage(path)
        return None if found is None else found.rename(found.with_suffix(path.suffix))

    return with_suffix
