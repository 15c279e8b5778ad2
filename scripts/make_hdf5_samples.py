"""Write HDF5 files, one for each way in which HDF5 stores what a Keras model has.

    python scripts/make_hdf5_samples.py [FOLDER]

Needs h5py. Without a folder a few small ones are packed into `tests/archive/recorded/hdf5.zip`;
into a folder go many, large ones among them.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

PACKED = Path(__file__).resolve().parent.parent / "tests" / "archive" / "recorded" / "hdf5.zip"
LAYERS = [f"layer_{index}" for index in range(12)]
# By file: the oldest and newest format, the order kept, bytes in front, attributes beside those
# that are read, letters in the configuration, texts of variable length.
SAMPLES: dict[str, tuple[Any, bool, int, int, int, bool]] = {
    "earliest.h5": ("earliest", False, 0, 0, 40, True),
    "latest.h5": ("latest", False, 0, 12, 40, False),
    "ordered.h5": (("earliest", "v110"), True, 512, 12, 40, True),
    "large_attribute.h5": (("v108", "v108"), False, 0, 9, 4500, False),
}
LARGER: dict[str, tuple[Any, bool, int, int, int, bool]] = {
    f"{index}.h5": (version, ordered, 2048 * (index % 2), attributes, letters, variable)
    for index, (version, ordered, attributes, letters, variable) in enumerate(
        (version, ordered, attributes, letters, variable)
        for version in ("earliest", "latest", ("v108", "v108"), ("v110", "v110"))
        for ordered in (False, True)
        for attributes in (0, 30, 400)
        for letters in (50, 70_000, 300_000)
        for variable in (False, True)
        # What is stored in an object header has up to 64 KiB.
        if variable or letters < 64_000 or (version == "latest" and attributes)
    )
}


def configuration(letters: int) -> str:
    """A text of JSON, a letter outside of ASCII in it."""
    return '{"name": "' + "é" + "x" * letters + '"}'


def write(path: Path, sample: tuple[Any, bool, int, int, int, bool], groups: int) -> None:
    """Write one file."""
    import h5py
    import numpy as np

    version, ordered, front, attributes, letters, variable = sample
    with h5py.File(path, "w", libver=version, track_order=ordered, userblock_size=front) as file:
        for index in range(attributes):
            file.attrs[f"a{index}"] = index
        text = configuration(letters)
        file.attrs["model_config"] = text if variable else np.bytes_(text.encode())
        file.attrs["keras_version"] = "3.1.0"
        names = [name.encode() for name in LAYERS]
        file.attrs.create("layer_names", LAYERS if variable else np.array(names))
        weights = file.create_group("model_weights", track_order=ordered)
        for index in range(groups):
            group = weights.create_group(f"layer_{index}")
            group.create_dataset("kernel", shape=(index, 2), dtype="f4")
        weights.create_dataset("scalar", data=np.float32(3))


def write_larger(folder: Path) -> list[Path]:
    """Write the large samples into a folder; their paths."""
    for name, sample in LARGER.items():
        write(folder / name, sample, groups=60)
    return [folder / name for name in LARGER]


def pack() -> None:
    """Write the small samples."""
    with (
        tempfile.TemporaryDirectory() as folder,
        zipfile.ZipFile(PACKED, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, sample in SAMPLES.items():
            path = Path(folder, name)
            write(path, sample, groups=2)
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write_larger(Path(sys.argv[1]))
    else:
        pack()
