"""Path patterns."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tflint.config.path_patterns import PathPattern
from tflint.errors import UsageError

ROOT = Path("/project")


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.tflite", "m.tflite", True),
        ("*.tflite", "models/deep/m.tflite", True),
        ("m.tflite", "models/m.tflite", True),
        ("m.tflite", "models/am.tflite", False),
        ("models/*.tflite", "models/m.tflite", True),
        ("models/*.tflite", "models/deep/m.tflite", False),
        ("models/*.tflite", "other/models/m.tflite", False),
        ("models/**/*.tflite", "models/m.tflite", True),
        ("models/**/*.tflite", "models/a/b/m.tflite", True),
        ("models/**", "models/a/b/m.tflite", True),
        ("**/legacy/*.tflite", "a/legacy/m.tflite", True),
        ("**/legacy/*.tflite", "legacy/m.tflite", True),
        ("models", "models/a/m.tflite", True),
        ("models/", "models/m.tflite", True),
        ("models", "models2/m.tflite", False),
        ("./models/m.tflite", "models/m.tflite", True),
        ("m?.tflite", "m1.tflite", True),
        ("m?.tflite", "m12.tflite", False),
        ("m[0-3].tflite", "m2.tflite", True),
        ("m[!0-3].tflite", "m2.tflite", False),
        ("m[!0-3].tflite", "m9.tflite", True),
        ("m(1)+.tflite", "m(1)+.tflite", True),
        ("m.tflite", "mxtflite", False),
        ("[m.tflite", "[m.tflite", True),
        ("a\nb.tflite", "a\nb.tflite", True),
        ("../other/*.tflite", "../other/m.tflite", True),
        ("/project/models/*.tflite", "models/m.tflite", True),
    ],
)
def test_match(pattern: str, path: str, matches: bool) -> None:
    assert PathPattern(pattern).matches(ROOT / path, ROOT) is matches


@pytest.mark.parametrize("pattern", ["", "  ", "a" * 2000, "m[z-a].tflite"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError):
        PathPattern(pattern)


def test_a_pattern_of_many_stars_does_not_take_forever() -> None:
    started = time.process_time()
    PathPattern("*a*a*a*a*a*a*b").matches(ROOT / ("a" * 60), ROOT)

    assert time.process_time() - started < 5


def test_a_link_to_the_project_does_not_change_what_is_meant(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    link = tmp_path / "link"
    try:
        link.symlink_to(project, target_is_directory=True)
    except OSError:
        pytest.skip("symbolic links cannot be made here")
    pattern = PathPattern("models/*.tflite")

    assert pattern.matches(link / "models" / "m.tflite", project)
    assert pattern.matches(project / "models" / "m.tflite", link)
    assert not pattern.matches(link / "other" / "m.tflite", project)


def test_a_linked_folder_of_a_project_is_in_it(tmp_path: Path) -> None:
    project, store = tmp_path / "project", tmp_path / "store"
    project.mkdir()
    store.mkdir()
    try:
        (project / "models").symlink_to(store, target_is_directory=True)
    except OSError:
        pytest.skip("symbolic links cannot be made here")

    assert PathPattern("models/*.tflite").matches(project / "models" / "m.tflite", project)
