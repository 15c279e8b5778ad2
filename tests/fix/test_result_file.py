"""Where results go, and whose files they may take the place of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tflint.errors import UsageError
from tflint.fix.result_file import refuse_other_weights, weights_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("w.weights.h5", "w.fixed.weights.h5"),
        ("w.h5", "w.fixed.weights.h5"),
        ("net.KERAS", "net.fixed.weights.h5"),
        ("a.b.hdf5", "a.b.fixed.weights.h5"),
        ("checkpoint", "checkpoint.fixed.weights.h5"),
        (".h5", ".h5.fixed.weights.h5"),
    ],
)
def test_weights_go_beside_those_of_before(name: str, expected: str) -> None:
    assert weights_path(Path("folder") / name) == Path("folder") / expected


def test_only_weights_of_an_earlier_run_are_written_over(tmp_path: Path) -> None:
    target = tmp_path / "w.fixed.weights.h5"
    refuse_other_weights(target)
    target.write_bytes(b"\x89HDF\r\n\x1a\n and more")
    refuse_other_weights(target)
    target.write_bytes(b"a diary")
    with pytest.raises(UsageError, match="holds no weights"):
        refuse_other_weights(target)


def test_a_link_or_a_folder_is_not_written_over(tmp_path: Path) -> None:
    real, link = tmp_path / "real.h5", tmp_path / "link.h5"
    real.write_bytes(b"\x89HDF\r\n\x1a\n")
    link.symlink_to(real)
    for target in (link, tmp_path):
        with pytest.raises(UsageError):
            refuse_other_weights(target)
