"""Search for bytes that a loader neither loads nor rejects with a one-line error.

    python scripts/fuzz_loaders.py csv|npz|votes [DIR] [-max_total_time=600] [-jobs=1] [...]

The search is guided by code coverage. It needs atheris (``pip install atheris``, Python 3.11 to
3.13), which is not a dependency of this project. The options and DIR, the directory in which
interesting inputs are kept between runs, are those of libFuzzer (``-help=1``). The search starts
with small valid files that the script writes itself, and stops at the first failure. The input
that caused it is written to the current directory as ``crash-...``; give this file instead of DIR
to reproduce the failure. ``--write=FILE`` writes the file that the loader read for this input, and
does not search.

Random bytes hardly ever pass the loaders' first checks, so inputs are expanded: in ``csv`` the byte
0x01 stands for the 2304 pixels of an image; in ``npz`` the first byte selects whether the rest is
the file itself, or is split at 0xFE 0xFF into the members of an archive with valid sizes and
checksums.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Loaders are imported inside functions, so that atheris can instrument their imports.

PIXELS = " ".join(str(number % 256) for number in range(48 * 48)).encode()
CUT = b"\xfe\xff"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
MEMBERS = ("images.npy", "labels.npy", "usage.npy")
WHOLE = len(METHODS)
"""First byte, modulo ``len(METHODS) + 1``, of an ``npz`` input that is used as a file unchanged."""


def csv_content(data: bytes) -> bytes:
    """Return the csv file that an input encodes."""
    return data.replace(b"\x01", PIXELS)


def npz_content(data: bytes) -> bytes:
    """Return the npz file that an input encodes."""
    kind, rest = (data[0] % (WHOLE + 1), data[1:]) if data else (WHOLE, b"")
    if kind == WHOLE:
        return rest
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", METHODS[kind]) as archive:
        for name, content in zip(MEMBERS, rest.split(CUT), strict=False):
            archive.writestr(zipfile.ZipInfo(name), content, METHODS[kind])
    return file.getvalue()


def csv_seeds() -> list[bytes]:
    """Return inputs that encode csv files, most of them valid."""
    texts = (
        "emotion,pixels,Usage\n3,\1,Training\n6,\1,PublicTest\n",
        "emotion, Usage, pixels\r\n0, PrivateTest, \1\r\n",
        '\ufeffpixels,emotion\n"\1","4"\n\n\1,1',
        "emotion,pixels,note\n2,\1,\xe9\n2,7 8,x\n",
    )
    return [text.encode() for text in texts]


def npz_seeds() -> list[bytes]:
    """Return inputs that encode npz files, most of them valid."""
    import numpy as np

    arrays = (np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array([0, 6]), np.array([1, 2]))
    members = []
    for array in arrays:
        file = io.BytesIO()
        np.save(file, array)
        members.append(file.getvalue())
    as_members = [bytes([kind]) + CUT.join(members) for kind in range(len(METHODS))]
    return [*as_members, *(bytes([WHOLE]) + npz_content(seed) for seed in as_members)]


def votes_seeds() -> list[bytes]:
    """Return votes files, most of them valid."""
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt"
    texts = (
        f"{header},unknown,NF\nTraining,fer0000000.png,4,0,0,1,3,2,0,0,0,0\n",
        f"\ufeff{header},unknown,NF\r\nPrivateTest,,0,10,0,0,0,0,0,0,0,0\r\n\r\n",
        f'{header},unknown,NF\n"Training","a\nb", 1 ,0,0,0,0,0,0,0,0,9\n',
        f"{header},unknown,NF\nTraining,x,4,0\n",
    )
    return [text.encode() for text in texts]


def loader(kind: str) -> Callable[[Path], Any]:
    """Return the loader for a kind of file."""
    if kind == "csv":
        from fer_bench.data.formats.fer2013_csv import load_csv

        return load_csv
    if kind == "npz":
        from fer_bench.data.formats.npz_files import load_npz

        return load_npz
    from fer_bench.data.audit.votes import load_votes

    return load_votes


def as_it_is(data: bytes) -> bytes:
    """Return an input unchanged."""
    return data


KINDS: dict[str, tuple[Callable[[bytes], bytes], Callable[[], list[bytes]]]] = {
    "csv": (csv_content, csv_seeds),
    "npz": (npz_content, npz_seeds),
    "votes": (as_it_is, votes_seeds),
}


def check(load: Callable[[Path], Any], path: Path) -> None:
    """Load a file, and check that any error is a single line that names it.

    Raises:
        AssertionError: the error has several lines, does not name the file, or is too long.
    """
    from fer_bench.runtime.errors import FerBenchError

    try:
        load(path)
    except FerBenchError as error:
        text = str(error)
        if not text.isprintable() or repr(str(path)) not in text or len(text) > 1500:
            raise AssertionError(repr(text)) from error


def main(arguments: Sequence[str]) -> None:
    """Fuzz a loader until a failure is found, or libFuzzer's options end it."""
    kind, *options = arguments or ["--help"]
    if kind not in KINDS:
        raise SystemExit((__doc__ or "").strip())
    content, seeds = KINDS[kind]
    if options and options[0].startswith("--write="):
        target = Path(options[0].partition("=")[2])
        target.write_bytes(content(Path(options[1]).read_bytes()))
        return
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        raise SystemExit("atheris is not installed; get it with: pip install atheris") from None
    with atheris.instrument_imports(include=["fer_bench", "numpy.lib._format_impl"]):
        load = loader(kind)
    for owner in (zipfile.ZipFile, zipfile.ZipExtFile):  # atheris itself has imported them
        for name, function in inspect.getmembers(owner, inspect.isfunction):
            setattr(owner, name, atheris.instrument_func(function))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"input.{'npz' if kind == 'npz' else 'csv'}"
        beginning = Path(directory) / "seeds"
        beginning.mkdir()
        for number, seed in enumerate(seeds()):
            (beginning / str(number)).write_bytes(seed)

        def one(data: bytes) -> None:
            path.write_bytes(content(data))
            check(load, path)

        again = [option for option in options if Path(option).is_file()]
        own = [] if again else [str(beginning)]
        if not any(Path(option).is_dir() for option in options) and not again:
            own.insert(0, str(Path(directory) / "kept"))
            Path(own[0]).mkdir()
        with contextlib.suppress(KeyboardInterrupt):
            atheris.Setup([sys.argv[0], "-timeout=20", *options, *own], one)
            atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
