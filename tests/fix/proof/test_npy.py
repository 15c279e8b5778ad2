"""Arrays from files that may hold anything."""

from __future__ import annotations

import contextlib
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.errors import UsageError
from tflint.fix.proof.npy import read_npy, read_npz


def saved(array: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)  # type: ignore[arg-type]
    return stream.getvalue()


def with_header(text: str, data: bytes = b"", version: int = 1) -> bytes:
    header = text.encode("latin1") + b"\n"
    size = len(header).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes((version, 0)) + size + header + data


def message(path: Path) -> str:
    read = read_npz if path.suffix == ".npz" else read_npy
    with pytest.raises(UsageError) as error:
        read(path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<f2", "|i1", "<u2", "<i8", "|b1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_are_read(tmp_path: Path, dtype: str, order: str) -> None:
    array = np.asarray(np.arange(24).reshape(2, 3, 4) % 2, dtype=dtype, order=order)  # type: ignore[call-overload]
    (tmp_path / "a.npy").write_bytes(saved(array))
    np.savez_compressed(tmp_path / "a.npz", x=array, y=array[0])

    assert np.array_equal(read_npy(tmp_path / "a.npy"), array)
    assert np.array_equal(read_npz(tmp_path / "a.npz")["x"], array)
    assert read_npz(tmp_path / "a.npz")["y"].shape == (3, 4)


class Trap:
    """Unpickled, it would raise."""

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return (SystemExit, ("unpickled",))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is no .npy array"),
        (b"\x93NUMPY", "is no .npy array"),
        (b"TFL3" * 20, "is no .npy array"),
        (pickle.dumps(Trap()), "is no .npy array"),
        (saved(np.array([Trap()], object)), "holds Python objects, not numbers"),
        (saved(np.array(["a"])), "holds text, not numbers"),
        (saved(np.zeros(2, np.complex64)), "holds values of type complex64, not numbers"),
        (saved(np.zeros(2, [("a", "f4")])), "not numbers"),
        (saved(np.zeros((2, 3), np.float32))[:-1], "its shape takes 24 bytes, it has 23"),
        (saved(np.zeros((2, 3), np.float32)) + b"x", "its shape takes 24 bytes, it has 25"),
        (
            with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 99)}"),
            "is damaged",
        ),
        (with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), "impossible"),
        (with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}"), "damaged"),
        (with_header("__import__('os').system('true')"), "is no .npy array"),
        (with_header("[" * 5000), "is no .npy array"),
        (with_header("{}", version=3), "is no .npy array"),
        (with_header("{}", version=9), "is no .npy array"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "a.npy").write_bytes(data)
    assert reason in message(tmp_path / "a.npy")


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=True) as stream,
    ):
        for _ in range(1025):
            stream.write(bytes(1 << 20))

    assert "holds more than 1,024.0 MiB" in message(tmp_path / "a.npz")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"nothing")
    assert "is no .npz file" in message(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("read\x1bme", "hello")
    assert "it holds `read\\x1bme`" in message(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", saved(np.zeros(9)))
    data = bytearray(path.read_bytes())
    data[60:70] = b"0123456789"
    path.write_bytes(data)
    message(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "cannot be read" in message(tmp_path / "a.npy")
    assert "cannot be read" in message(tmp_path / "a.npz")


@given(st.binary(max_size=200), st.integers(0, 200))
def test_damage_never_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int
) -> None:
    data = bytearray(saved(np.arange(6, dtype=np.float32)))
    data[place : place + len(noise)] = noise
    path = tmp_path_factory.mktemp("noise") / "a.npy"
    path.write_bytes(data)
    with contextlib.suppress(UsageError):
        assert read_npy(path).dtype.kind in "biuf"
