"""Files that are damaged, or something else: one line that says so, whatever NumPy raises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.errors import UsageError
from tflint_reference_models.data_folder import Source, read_recorded

SOURCE = Source("A title", "An author", "MIT", "Ask the author")
NEEDED = {"values": (None,)}


def test_a_single_array_is_no_archive(tmp_path: Path) -> None:
    with (tmp_path / "one.npz").open("wb") as file:
        np.save(file, np.ones(3))

    with pytest.raises(UsageError, match="one array, not an archive"):
        read_recorded(tmp_path, "one.npz", NEEDED, SOURCE)


def test_a_folder_and_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "empty.npz").touch()

    with pytest.raises(UsageError, match="cannot be read"):
        read_recorded(tmp_path, "folder.npz", NEEDED, SOURCE)
    with pytest.raises(UsageError, match="is broken"):
        read_recorded(tmp_path, "empty.npz", NEEDED, SOURCE)


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "objects.npz", values=np.array([{}], dtype=object))

    with pytest.raises(UsageError, match="is broken: Object arrays cannot be loaded"):
        read_recorded(tmp_path, "objects.npz", NEEDED, SOURCE)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "archive.npz"
    np.savez_compressed(path, values=np.arange(2000) % 97)
    return path


@given(
    data=st.data(),
    changed=st.lists(st.integers(0, 255), min_size=1, max_size=4),
)
def test_damage_is_a_usage_error_of_one_line_or_no_damage(
    archive: Path, data: st.DataObject, changed: list[int]
) -> None:
    content = bytearray(archive.read_bytes())
    for value in changed:
        content[data.draw(st.integers(0, len(content) - 1))] = value
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    folder = archive.parent
    (folder / "damaged.npz").write_bytes(content[:cut])

    said = ""
    try:
        read_recorded(folder, "damaged.npz", NEEDED, SOURCE)
    except UsageError as error:
        said = str(error)

    assert "\n" not in said
