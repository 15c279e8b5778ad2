"""From the paths on the command line to the files that are checked."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest

from make_hdf5_samples import PACKED as HDF5
from tflint.errors import UsageError
from tflint.lint.discover import discover
from tflint.rule import Kind

HEADER = b"\x1c\x00\x00\x00TFL3"
KERAS = "import keras\n"


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make(*paths: str, content: bytes = HEADER) -> None:
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)


def shown(*paths: str) -> list[str]:
    return [artifact.shown for artifact in discover(paths)]


def test_folders_are_searched_in_a_stable_order() -> None:
    make("b/2.tflite", "b/1.tflite", "a.tflite", "b/c/3.tflite")

    assert shown(".") == ["a.tflite", "b/1.tflite", "b/2.tflite", "b/c/3.tflite"]


def test_paths_come_in_the_order_given() -> None:
    make("b.tflite", "a.tflite", "folder/c.tflite")

    assert shown("folder", "b.tflite", "a.tflite") == ["folder/c.tflite", "b.tflite", "a.tflite"]


@pytest.mark.parametrize("name", ["m.tflite", "m.TFLITE", "m.TfLite", "one.two.tflite"])
def test_models_are_known_by_their_suffix_whatever_the_case(name: str) -> None:
    make(name)

    assert shown(".") == shown(name) == [name]


def test_only_python_files_that_mention_keras_are_picked_from_a_folder() -> None:
    make("other.py", content=b"import os\n")
    make("train.py", content=KERAS.encode())

    assert [(a.shown, a.kind) for a in discover(["."])] == [("train.py", Kind.KERAS_SOURCE)]
    assert shown("other.py") == ["other.py"]


@pytest.mark.parametrize(
    "name", [".git", ".venv", ".hidden", "venv", "node_modules", "__pycache__", "site-packages"]
)
def test_hidden_folders_and_those_of_others_are_skipped_unless_named(name: str) -> None:
    make("m.tflite", f"{name}/x.tflite", f"sub/{name}/x.tflite")

    assert shown(".") == ["m.tflite"]
    assert shown(name) == [f"{name}/x.tflite"]


@pytest.mark.parametrize("name", ["model", "model.bin", "model.lite", "model.tflite.bak"])
def test_a_named_file_without_the_suffix_is_a_model_by_what_it_begins_with(name: str) -> None:
    make(name)

    assert [artifact.kind for artifact in discover([name])] == [Kind.TFLITE]
    with pytest.raises(UsageError, match="no models"):
        discover(["."])


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x1c\0\0\0TFL2", b"\x89HDF\r\n\x1a\n"])
def test_a_named_file_of_another_kind_is_an_error(content: bytes) -> None:
    make("model.bin", content=content)

    with pytest.raises(UsageError, match=r"`model\.bin` is not a kind of file tflint reads"):
        discover(["model.bin"])


def test_each_file_once_however_often_it_is_named(tmp_path: Path) -> None:
    make("sub/m.tflite")

    paths = ["sub/m.tflite", "./sub/m.tflite", "sub", ".", str(tmp_path / "sub" / "m.tflite")]
    assert shown(*paths, "sub/../sub/m.tflite") == ["sub/m.tflite"]


@pytest.mark.parametrize("given", ["m.tflite", "./m.tflite", "sub/../m.tflite", "{cwd}/m.tflite"])
def test_paths_are_shown_relative_to_the_working_directory(tmp_path: Path, given: str) -> None:
    make("m.tflite", "sub/other.tflite")

    assert shown(given.format(cwd=tmp_path)) == ["m.tflite"]


def test_paths_elsewhere_are_shown_as_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("m.tflite", "sub/x")
    monkeypatch.chdir("sub")

    assert shown("../m.tflite") == ["../m.tflite"]
    assert shown(str(tmp_path / "m.tflite")) == [(tmp_path / "m.tflite").as_posix()]


@pytest.mark.parametrize("path", ["nosuch", "nosuch.tflite", "sub/nosuch.tflite", "", "m.tflite/x"])
def test_a_missing_path_is_an_error(path: str) -> None:
    make("m.tflite")

    with pytest.raises(UsageError, match="does not exist"):
        discover([path])


@pytest.mark.parametrize("path", ["a" * 300, "a" * 5000])
def test_a_name_that_no_file_can_have_is_an_error(path: str) -> None:
    with pytest.raises(UsageError):
        discover([path])


def test_a_folder_without_models_is_an_error() -> None:
    make("empty/README.md", ".hidden/m.tflite")

    with pytest.raises(UsageError, match="no models"):
        discover(["empty"])
    with pytest.raises(UsageError, match="no models"):
        discover(["."])


def test_one_bad_path_among_good_ones_is_an_error() -> None:
    make("m.tflite")

    with pytest.raises(UsageError, match="`nosuch` does not exist"):
        discover(["m.tflite", "nosuch"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_regular_file_is_never_opened() -> None:
    make("m.tflite")
    os.mkfifo("pipe.tflite")

    with pytest.raises(UsageError, match=r"`pipe\.tflite` is not a regular file"):
        discover(["pipe.tflite"])
    assert shown(".") == ["m.tflite"]


def symlink(link: str, to: str) -> None:
    try:
        Path(link).symlink_to(to)
    except OSError as error:
        pytest.skip(f"needs symbolic links: {error}")


def test_a_loop_of_symbolic_links_ends() -> None:
    make("sub/m.tflite")
    symlink("sub/loop", "..")
    symlink("self.tflite", "self.tflite")

    assert shown(".") == ["sub/m.tflite"]
    with pytest.raises(UsageError, match=r"`self\.tflite` cannot be opened"):
        discover(["self.tflite"])


def test_links_to_files_are_followed_and_those_to_nowhere_are_not() -> None:
    make("real/m.tflite")
    symlink("link.tflite", "real/m.tflite")
    symlink("dangling.tflite", "nosuch")
    symlink("folder", "real")

    assert shown(".") == ["link.tflite", "real/m.tflite"]
    assert shown("folder") == ["folder/m.tflite"]


def test_a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make("secret/m.tflite", "open/m.tflite")
    scandir = os.scandir

    def guarded(path: str) -> object:
        if os.path.basename(path) == "secret":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)

    for path in ("secret", "."):
        with pytest.raises(UsageError, match=r"secret.*cannot be searched: Permission denied"):
            discover([path])


def test_a_file_whose_state_is_hidden_is_left_to_the_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A folder that may be listed, but not entered: the finding comes from opening the file."""
    make("sub/m.tflite")
    real = os.stat

    def guarded(path: object, *args: object, **kwargs: object) -> os.stat_result:
        if str(path).endswith("m.tflite"):
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", guarded)

    assert shown("sub") == ["sub/m.tflite"]


def test_hostile_names_are_escaped_in_errors() -> None:
    with pytest.raises(UsageError) as raised:
        discover(["no\x1b[31m\nsuch"])
    assert str(raised.value) == "`no\\x1b[31m\\x0asuch` does not exist"


def test_a_device_is_not_read() -> None:
    if not (os.path.exists(os.devnull) and stat.S_ISCHR(os.stat(os.devnull).st_mode)):
        pytest.skip("needs a device file")
    with pytest.raises(UsageError, match="not a regular file"):
        discover([os.devnull])


def test_archives_are_known_by_their_suffix() -> None:
    make("m.keras", "m.h5", "m.HDF5", content=b"")

    kinds = {artifact.shown: artifact.kind for artifact in discover(["m.keras", "m.h5", "m.HDF5"])}
    assert kinds == {"m.keras": Kind.KERAS_ARCHIVE, "m.h5": Kind.H5, "m.HDF5": Kind.H5}


def test_a_saved_model_is_one_artifact_and_is_not_searched() -> None:
    make("exported/saved_model.pb", "exported/assets/a.tflite", "exported/variables/x.h5")
    make("exported/keras_metadata.pb", "b.tflite")

    found = [(artifact.shown, artifact.kind) for artifact in discover(["."])]
    assert found == [("b.tflite", Kind.TFLITE), ("exported", Kind.SAVED_MODEL)]
    assert shown("exported") == shown("exported/saved_model.pb") == ["exported"]


def test_a_saved_model_that_is_searched_from_inside_is_the_folder_itself() -> None:
    make("exported/saved_model.pb")
    os.chdir("exported")

    assert [(a.shown, a.kind) for a in discover(["."])] == [(".", Kind.SAVED_MODEL)]


def test_a_folder_of_the_name_of_a_graph_is_no_saved_model() -> None:
    make("saved_model.pb/m.tflite")

    assert shown(".") == ["saved_model.pb/m.tflite"]


def test_of_hdf5_files_those_with_a_network_are_picked_from_a_folder() -> None:
    with zipfile.ZipFile(HDF5) as samples:
        model = samples.read("earliest.h5")
    make("model.h5", "model.hdf5", content=model)
    make("weights.h5", content=model.replace(b"model_config", b"other_config"))
    make("data.h5", content=b"something else altogether")
    make("pointer.h5", content=b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    make("damaged.h5", content=model[:1000])

    assert shown(".") == ["damaged.h5", "model.h5", "model.hdf5", "pointer.h5"]
    assert shown("weights.h5", "data.h5") == ["weights.h5", "data.h5"]
