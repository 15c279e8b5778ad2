"""Files with recordings: found, read, or refused in one line."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tflint.config.load import load_settings
from tflint.errors import UsageError
from tflint_reference_models.data_folder import VARIABLE, Source, data_folder, read_recorded

SOURCE = Source("a title", "an author", "a licence", "how to get it")
NEEDED = {"x": (None, 3)}


def stored(compressed: bool) -> bytes:
    held = io.BytesIO()
    array = np.arange(300, dtype=np.int16).reshape(100, 3)
    (np.savez_compressed if compressed else np.savez)(held, x=array)
    return held.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@given(st.booleans(), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4))
@settings(max_examples=300)
def test_damage_is_a_usage_error_in_one_line(
    folder: Path, compressed: bool, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(stored(compressed))
    for place, value in changes:
        data[place % len(data)] = value
    (folder / "a.npz").write_bytes(data)
    message = "a.npz"
    try:
        shape = read_recorded(folder, "a.npz", NEEDED, SOURCE).arrays["x"].shape
    except UsageError as error:
        message, shape = str(error), (0, 3)
    assert shape[1] == 3
    assert "a.npz" in message
    assert "\n" not in message


def test_deflated_rubbish(tmp_path: Path) -> None:
    """zlib has an error of its own."""
    data = bytearray(stored(True))
    start = data.index(b"x.npy") + len(b"x.npy") + 20
    data[start : start + 40] = b"\xff" * 40
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(UsageError, match=r"is no \.npz file"):
        read_recorded(tmp_path, "a.npz", NEEDED, SOURCE)


def test_an_array_is_no_archive(tmp_path: Path) -> None:
    with (tmp_path / "a.npz").open("wb") as file:
        np.save(file, np.zeros((1, 3)))
    with pytest.raises(UsageError, match=r"is no \.npz file"):
        read_recorded(tmp_path, "a.npz", NEEDED, SOURCE)


@pytest.mark.parametrize("size", [0, 3, 30, 200])
def test_a_file_that_is_cut_off(tmp_path: Path, size: int) -> None:
    (tmp_path / "a.npz").write_bytes(stored(True)[:size])
    with pytest.raises(UsageError, match=r"is no \.npz file"):
        read_recorded(tmp_path, "a.npz", NEEDED, SOURCE)


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([[{}] * 3], dtype=object))
    with pytest.raises(UsageError, match="holds Python objects, not numbers"):
        read_recorded(tmp_path, "a.npz", NEEDED, SOURCE)


def test_what_is_not_there_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no `.*b\.npz`: a title\. how to get it"):
        read_recorded(tmp_path, "b.npz", NEEDED, SOURCE)
    (tmp_path / "c.npz").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        read_recorded(tmp_path, "c.npz", NEEDED, SOURCE)


def test_the_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"no folder with recordings: name one .* {VARIABLE}"):
        data_folder(None)
    with pytest.raises(UsageError, match="is no folder"):
        data_folder(tmp_path / "none")
    assert data_folder(tmp_path) == tmp_path


def test_what_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "tflint.toml").write_text('data = "recordings"\n')

    def named(option: str | None = None, environment: dict[str, str] | None = None) -> Path:
        found = load_settings({"data": option}, folder=tmp_path, environment=environment or {})
        return Path(found.values["data"])

    assert named() == tmp_path / "recordings"
    assert named(environment={VARIABLE: "/other"}) == Path("/other")
    assert named("/third", {VARIABLE: "/other"}) == Path("/third")
