"""What the user names is told apart, and vouched for, before anything starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.archive.messages import graph, write_saved_model
from tests.cli.program import environment
from tflint.archive.reader import zip_of_config
from tflint.convert.origin import parse_origin
from tflint.convert.request import OriginKind, Request
from tflint.errors import UsageError
from tflint_rules.example_archives import saved_sequential

FACTORY = """\
import keras

def build():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(path: str, text: str = FACTORY) -> Path:
    found = Path(path)
    found.parent.mkdir(parents=True, exist_ok=True)
    found.write_text(text)
    return found.absolute()


def archive(path: str, *layers: tuple[str, dict[str, Any]]) -> Path:
    found = Path(path)
    config = saved_sequential((None, 4), *layers or [("Dense", {"units": 2})])
    found.write_bytes(zip_of_config(config))
    return found.absolute()


def refused(text: str, **options: Any) -> str:
    with pytest.raises(UsageError) as caught:
        parse_origin(text, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.usefixtures("here")
def test_archives_are_told_by_what_is_in_them() -> None:
    path = archive("net.anything")

    origin = parse_origin("net.anything")

    assert (origin.kind, origin.path, origin.shown) == (OriginKind.ARCHIVE, path, "net.anything")
    assert not origin.is_trusted


def test_a_saved_model_is_its_folder(here: Path) -> None:
    write_saved_model(here / "saved", graph(("MatMul",)))

    origin = parse_origin("saved", signature="serve")

    assert (origin.kind, origin.path) == (OriginKind.SAVED_MODEL, here / "saved")
    assert origin.signature == "serve"
    assert "give its folder, `saved`" in refused("saved/saved_model.pb")


def test_a_folder_of_versions_names_the_last_one(here: Path) -> None:
    write_saved_model(here / "versions" / "3", graph(("MatMul",)))

    assert "did you mean `versions/3`?" in refused("versions")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("text", "factory", "module"),
    [
        ("net.py:build", "build", None),
        ("net.py", "build", None),
        ("net:build", "build", "net"),
        ("package.inner:build", "build", "package.inner"),
        ("package.inner", "build", "package.inner"),
        ("package:build", "build", "package"),
        ("package/inner.py:build", "build", None),
        ("with space/net.py:build", "build", None),
        ("odd:name/net.py:build", "build", None),
    ],
)
def test_factories(text: str, factory: str, module: str | None) -> None:
    for path in ("net.py", "package/__init__.py", "package/inner.py", "with space/net.py"):
        written(path)
    written("odd:name/net.py")

    origin = parse_origin(text)

    assert origin.kind is OriginKind.FACTORY
    assert (origin.factory, origin.module) == (factory, module)
    assert origin.path.is_absolute()
    assert origin.path.read_text() == FACTORY


def test_a_file_called_like_a_factory_is_a_file(here: Path) -> None:
    archive("net.py:build")

    assert parse_origin("net.py:build").path == here / "net.py:build"


@pytest.mark.usefixtures("here")
def test_an_origin_comes_through_json() -> None:
    written("net.py")
    written("classes.py", "x = 1")
    written("w.h5", "")
    origin = parse_origin(
        "net:build", weights="w.h5", modules=[Path("classes.py").absolute()], legacy=True
    )

    request = Request(origin, batch=3)

    assert Request.from_json(request.to_json()) == request


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no file"),
        ("nothing.keras", "does not exist"),
        ("nothing.py:build", "does not exist"),
        ("no.such.module:build", "does not exist"),
        ("net.py:", "does not exist"),
        ("net.py:two words", "does not exist"),
        ("net\0.py", "is no file"),
        ("net.py:buidl", "defines no `buidl`: it has net.py:build"),
        ("several.py", "choose of several.py:first, several.py:second"),
        ("none.py", "name what to call, as none.py:NAME"),
        ("broken.py:build", "`broken.py:2` is no Python that parses"),
        ("net.tflite", "is a .tflite already"),
        ("net.ipynb", "is a notebook"),
        ("net.onnx", "is an ONNX model"),
        ("frozen.pb", "is a frozen graph"),
        ("text.h5", "neither a zip archive nor HDF5"),
        ("empty.keras", "neither a zip archive nor HDF5"),
        ("folder", "is no SavedModel"),
        ("text.h5:build", "is no Python source"),
        ("\x1b[31m", "`\\x1b[31m` does not exist"),
        ("net.py:\x1b[31m", "does not exist"),
    ],
)
def test_what_is_no_network_is_said_in_a_line(text: str, says: str) -> None:
    written("net.py")
    written("several.py", FACTORY.replace("build", "first") + FACTORY.replace("build", "second"))
    written("none.py", "x = 1\n")
    written("broken.py", "x = 1\nx = (\n")
    for name in ("net.tflite", "net.ipynb", "net.onnx", "frozen.pb", "empty.keras"):
        written(name, "")
    written("text.h5", "text")
    Path("folder").mkdir()

    assert says in refused(text)
    assert "\x1b" not in refused(text)


@pytest.mark.usefixtures("here")
def test_options_that_do_not_go_together() -> None:
    archive("net.keras")
    written("net.py")
    written("w.h5", "")

    assert "has weights of its own" in refused("net.keras", weights="w.h5")
    assert "--signature goes with a SavedModel" in refused("net.keras", signature="serve")
    assert "do not exist" in refused("net.py:build", weights="none.h5")
    Path("checkpoint.index").touch()
    assert (
        parse_origin("net.py:build", weights="checkpoint").weights == Path("checkpoint").absolute()
    )


@pytest.mark.usefixtures("here")
def test_code_in_an_archive_runs_for_those_who_trust_it() -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}}
    path = archive("net.keras", ("Lambda", {"name": "scale", "function": code}))

    message = refused("net.keras")

    assert "a lambda as marshalled Python code (5 B) in the layer `scale`" in message
    assert "--trust" in message
    assert parse_origin("net.keras", trust=True).path == path


def test_operators_that_leave_the_graph_are_code(here: Path) -> None:
    write_saved_model(here / "saved", graph(("EagerPyFunc", "WriteFile")))

    message = refused("saved")

    assert "1 operator EagerPyFunc" in message
    assert "1 operator WriteFile" in message
    assert parse_origin("saved", trust=True).is_trusted


@pytest.mark.usefixtures("here")
def test_a_class_of_another_package_is_imported_by_tf_keras_only() -> None:
    config = saved_sequential((None, 4), ("Dense", {"units": 2}))
    layers: Any = config["config"]
    layers["layers"].append(
        {"class_name": "Scale", "module": "mine", "config": {"name": "s"}, "registered_name": None}
    )
    Path("net.keras").write_bytes(zip_of_config(config))
    classes = written("mine.py", "")

    assert parse_origin("net.keras").path.exists()
    assert "the class `mine.Scale` of another package" in refused("net.keras", legacy=True)
    assert parse_origin("net.keras", legacy=True, modules=[classes]).modules == (classes,)


def test_nothing_heavy_is_loaded(here: Path) -> None:
    written("net.py")
    archive("net.keras")
    code = (
        "import sys; from tflint.convert.origin import parse_origin\n"
        "parse_origin('net.py:build'); parse_origin('net.keras')\n"
        "print([m for m in ('numpy', 'tensorflow', 'keras', 'h5py') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=here,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
