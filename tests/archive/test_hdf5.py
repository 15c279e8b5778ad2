"""Our reader of HDF5 against files that h5py wrote, in all versions of the format."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from make_hdf5_samples import LARGER, LAYERS, PACKED, SAMPLES, configuration, write_larger
from tests.conftest import SHARED_MODELS
from tflint.archive.hdf5.file import Hdf5File
from tflint.archive.hdf5.storage import Storage, encoded_size
from tflint.errors import MalformedArchive

WANTED = ("model_config", "keras_version", "layer_names")


def packed() -> dict[str, bytes]:
    with zipfile.ZipFile(PACKED) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


FILES = packed()
each_file = pytest.mark.parametrize("name", FILES)


@each_file
def test_texts_are_read_however_they_are_stored(name: str) -> None:
    found = Hdf5File(io.BytesIO(FILES[name])).attributes(WANTED)

    assert found == {
        "model_config": [configuration(SAMPLES[name][4])],
        "keras_version": ["3.1.0"],
        "layer_names": LAYERS,
    }


@each_file
def test_groups_and_data_sets_are_found(name: str) -> None:
    file = Hdf5File(io.BytesIO(FILES[name]))

    assert file.names() == ["model_weights"]
    # Kernels of 0 x 2 and 1 x 2, and a scalar.
    assert file.count_elements("model_weights") == file.count_elements() == 2 + 1
    assert file.count_elements("nothing") is None


@each_file
def test_a_file_that_is_cut_off_anywhere_is_one_error_or_sound_so_far(name: str) -> None:
    whole = FILES[name]
    for size in range(0, len(whole), 97):
        try:
            file = Hdf5File(io.BytesIO(whole[:size]))
            assert file.attributes(WANTED).keys() <= set(WANTED)
        except MalformedArchive:
            continue


@settings(max_examples=200)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_changed_bytes_are_one_error_or_another_file(name: str, data: st.DataObject) -> None:
    content = bytearray(FILES[name])
    used = [index for index, byte in enumerate(content) if byte]
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.sampled_from(used))] = data.draw(st.integers(0, 255))
    begin = time.process_time()
    try:
        file = Hdf5File(io.BytesIO(bytes(content)))
        file.attributes(WANTED)
        file.names()
        file.count_elements()
    except MalformedArchive:
        pass
    assert time.process_time() - begin < 5


def test_a_header_that_continues_in_itself_is_refused() -> None:
    content = FILES["earliest.h5"]
    # A superblock of version 0 whose root is an object header at 512: one block, which holds a
    # continuation of itself.
    header = bytearray(content[:96].ljust(512, b"\0"))
    header[64:72] = (512).to_bytes(8, "little")
    message = (16).to_bytes(2, "little") + (16).to_bytes(2, "little") + bytes(4)
    message += (528).to_bytes(8, "little") + (24).to_bytes(8, "little")
    prefix = b"\x01\0" + (9).to_bytes(2, "little") + (1).to_bytes(4, "little")
    prefix += (24).to_bytes(4, "little") + bytes(4)

    with pytest.raises(MalformedArchive, match="circles"):
        Hdf5File(io.BytesIO(bytes(header) + prefix + message)).names()


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"x" * 5000])
def test_what_is_no_hdf5_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedArchive):
        Hdf5File(io.BytesIO(content))


def test_reads_are_counted() -> None:
    storage = Storage(io.BytesIO(bytes(100)), 100)

    with pytest.raises(MalformedArchive, match="more reading"):
        all(storage.read(0, 100) for _ in range(10**7))


@pytest.mark.parametrize(("limit", "size"), [(1, 1), (255, 1), (256, 2), (65535, 2), (65536, 3)])
def test_numbers_take_as_many_bytes_as_hdf5_gives_them(limit: int, size: int) -> None:
    assert encoded_size(limit) == size


def test_large_files_of_all_versions(tmp_path: Path) -> None:
    pytest.importorskip("h5py", reason="writes the files")
    for path in write_larger(tmp_path):
        sample = LARGER[path.name]
        with path.open("rb") as stream:
            file = Hdf5File(stream)
            found = file.attributes(WANTED)
            assert found["model_config"] == [configuration(sample[4])], sample
            assert found["layer_names"] == LAYERS, sample
            assert file.count_elements("model_weights") == sum(range(60)) * 2 + 1, sample


@pytest.mark.shared
def test_all_texts_and_weights_of_the_seeds_are_read() -> None:
    h5py = pytest.importorskip("h5py", reason="a second opinion")
    paths = sorted(SHARED_MODELS.rglob("*.h5"))
    if not paths:
        pytest.skip("no models")
    for path in paths:
        with path.open("rb") as stream, h5py.File(path) as second:
            file = Hdf5File(stream)
            for name, texts in file.attributes(second.attrs).items():
                assert texts == [second.attrs[name]], name
            assert set(file.names()) == set(second)
            sizes: list[int] = []
            second["model_weights"].visititems(
                lambda _, each, sizes=sizes: sizes.append(getattr(each, "size", 0) or 0)
            )
            assert file.count_elements("model_weights") == sum(sizes)
