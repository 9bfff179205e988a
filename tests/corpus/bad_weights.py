"""Damaged weight files, npz and HDF5, in a directory of their own."""

from __future__ import annotations

import pickle
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from bad_npz import LOCAL, Trap, header, in_directory, npy_of, with_members
from corpus_kind import (
    Damage,
    Kind,
    changed,
    closed,
    content,
    cut_before,
    cut_to,
    in_root,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "mini.weights.npz"
"""Name of the file; its layout is detected from the content."""

LAYER, TENSOR = "conv1", "conv1/kernel"


def npz_weights(directory: Path) -> Path:
    root = directory / "weights"
    root.mkdir()
    (root / NAME).write_bytes((files("fer_bench.models") / "data" / NAME).read_bytes())
    return root


def hdf5_weights(directory: Path) -> Path:
    """Write the same weights in Keras' legacy layout."""
    import h5py

    root = npz_weights(directory)
    with np.load(root / NAME) as arrays:
        layers: dict[str, dict[str, np.ndarray]] = {}
        for name in arrays.files:
            layers.setdefault(name.partition("/")[0], {})[name] = arrays[name]
    with h5py.File(root / NAME, "w") as file:
        file.attrs["layer_names"] = list(layers)
        for layer, tensors in layers.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = list(tensors)
            for name, values in tensors.items():
                group[name] = values
    return root


def with_weights(**others: np.ndarray | None) -> Damage:
    """Replace tensors of the npz file; None removes one; ``__`` in a name stands for ``/``."""

    def damage(path: Path) -> None:
        with np.load(path) as arrays:
            made = {name: arrays[name] for name in arrays.files}
        made |= {name.replace("__", "/"): values for name, values in others.items()}
        np.savez(path, **{name: values for name, values in made.items() if values is not None})

    return damage


def in_hdf5(change: Callable[[Any, Any], None]) -> Damage:
    """Change the HDF5 file; ``change`` gets the file and the group of a layer."""

    def damage(path: Path) -> None:
        import h5py

        with h5py.File(path, "a") as file:
            change(file, file[LAYER])

    return damage


def _replaced(make: Callable[[Any, Any], None]) -> Damage:
    """Replace a tensor by another HDF5 object."""

    def change(file: Any, group: Any) -> None:
        del group[TENSOR]
        make(file, group)

    return in_hdf5(change)


def _linked_to(path: str, name: str) -> Callable[[Any, Any], None]:
    def make(_: Any, group: Any) -> None:
        import h5py

        group[TENSOR] = h5py.ExternalLink(path, name) if path else h5py.SoftLink(name)

    return make


def _bomb(members: dict[str, bytes]) -> dict[str, bytes]:
    return members | {f"{TENSOR}.npy": npy_of(header("(67108864,)", "'<f4'"), bytes(1 << 28))}


def _npz_kinds() -> list[Kind]:
    kernel = np.zeros((3, 3, 3, 8), "f4")
    first = f"{TENSOR}.npy"
    damages: dict[str, Damage] = {
        "empty": cut_to(0),
        "two bytes": cut_to(2),
        "cut off in the first member": cut_to(200),
        "cut off in the middle": changed(lambda data: data[: len(data) // 2]),
        "cut off before the end record": cut_before(b"PK\x05\x06"),
        "cut off by one byte": cut_to(-1),
        "a flipped bit": changed(lambda data: data[:400] + bytes([data[400] ^ 1]) + data[401:]),
        "a web page": content("<!DOCTYPE html>404"),
        "a pickle": content(pickle.dumps(Trap())),
        "an archive's beginning and nothing behind it": content(LOCAL + bytes(500)),
        "a tensor missing": with_weights(conv1__kernel=None),
        "a tensor too many": with_weights(more__kernel=kernel),
        "a tensor of another shape": with_weights(conv1__kernel=kernel[:2]),
        "a tensor of no number": with_weights(conv1__kernel=kernel * np.nan),
        "an endless number": with_weights(conv1__kernel=kernel + np.inf),
        "a tensor of words": with_weights(conv1__kernel=kernel.astype(str)),
        "a tensor of objects": with_weights(conv1__kernel=kernel.astype(object)),
        "a trap": with_weights(conv1__kernel=np.array([Trap()])),
        "an encrypted member": in_directory(8, "<H", 1),
        "an unknown compression": in_directory(10, "<H", 99),
        "a tensor of a petabyte, it says": with_members(
            lambda members: members | {first: npy_of(header("(10000000000000,)"))}
        ),
        "256 MiB in 256 kB": with_members(_bomb, 8),
        "256 MiB in a kilobyte": with_members(_bomb, 12),
        "a name that climbs out": with_members(
            lambda members: members | {"../../x/kernel.npy": members[first]}
        ),
        "a name of escapes": with_members(
            lambda members: members | {"\x1b[2J\u202e/k.npy": members[first]}
        ),
        "a member that is no array": with_members(
            lambda members: members | {"notes.txt": b"hello"}
        ),
    }
    return [
        Kind(f"weights as npz: {name}", "weights", npz_weights, in_root(NAME, damage), (NAME,))
        for name, damage in damages.items()
    ]


def _hdf5_kinds() -> list[Kind]:
    damages: dict[str, Damage] = {
        "only its signature": cut_to(8),
        "cut off in its superblock": cut_to(40),
        "cut off in the middle": changed(lambda data: data[: len(data) // 2]),
        "cut off by 2000 bytes": cut_to(-2000),
        "a damaged superblock": changed(lambda data: data[:9] + b"\xff" * 30 + data[39:]),
        "no names of layers": in_hdf5(lambda file, group: file.attrs.pop("layer_names")),
        "numbers as names of layers": in_hdf5(
            lambda file, group: file.attrs.__setitem__("layer_names", [1, 2])
        ),
        "a layer missing": in_hdf5(lambda file, group: file.__delitem__(LAYER)),
        "a layer's names missing": in_hdf5(lambda file, group: group.attrs.pop("weight_names")),
        "a tensor missing": _replaced(lambda file, group: None),
        "a group for a tensor": _replaced(lambda file, group: group.create_group(TENSOR)),
        "a tensor of another shape": _replaced(
            lambda file, group: group.__setitem__(TENSOR, np.zeros(3, "f4"))
        ),
        "a tensor of no number": _replaced(
            lambda file, group: group.__setitem__(TENSOR, np.full((3, 3, 3, 8), np.nan))
        ),
        "a tensor of words": _replaced(
            lambda file, group: group.__setitem__(TENSOR, np.full((3, 3, 3, 8), b"x"))
        ),
        "a tensor of a petabyte, it says": _replaced(
            lambda file, group: group.create_dataset(TENSOR, (10**15,), "f4", chunks=True)
        ),
        "a tensor in another file": _replaced(_linked_to("/etc/passwd", "x")),
        "a tensor in a file that climbs out": _replaced(_linked_to("../../x.h5", "x")),
        "a tensor that links to itself": _replaced(_linked_to("", f"/{LAYER}/{TENSOR}")),
        "a tensor that links to nothing": _replaced(_linked_to("", "/nothing")),
        "a name of escapes": in_hdf5(
            lambda file, group: file.attrs.__setitem__("layer_names", ["\x1b[2J\u202e"])
        ),
    }
    closed_one = Kind(
        "weights as HDF5: closed to this user",
        "weights",
        hdf5_weights,
        in_root(NAME, closed),
        (NAME,),
        unprivileged=True,
    )
    return [
        closed_one,
        *(
            Kind(
                f"weights as HDF5: {name}", "weights", hdf5_weights, in_root(NAME, damage), (NAME,)
            )
            for name, damage in damages.items()
        ),
    ]


KINDS = [*_npz_kinds(), *_hdf5_kinds()]
