"""`tflint fix` on models as it is called: files, options, reports, exit codes."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import stat
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Call, dense, relu
from tflint.errors import MissingExtra, TflintError
from tflint.finding import FixSafety
from tflint.fix.model.model_fix import ModelFix, Rewrite, RewriteContext
from tflint.model.reader import parse_model
from tflint.model.writer import write_model
from tflint.report.fix_result import Proof

Prove = Callable[..., Proof]
EXACT = Proof("litert-reference", 12, True, 0.0, 0.0, float("inf"))


def described(text: str, code: str, safety: FixSafety = FixSafety.SAFE) -> ModelFix:
    """A repair that gives the model another description, and nothing else."""

    def rewrite(context: RewriteContext) -> Rewrite | None:
        done = (context.model.description or "").rstrip(".").split("+")
        if text in done or (safety is FixSafety.UNSAFE and not context.unsafe):
            return None
        changed = dataclasses.replace(context.model, description="+".join((*done, text)) + "." * 64)
        return Rewrite(changed, 1, safety, notes=(f"it is called {text} now",))

    return ModelFix(code, rewrite, may_exceed_original=True)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts other passes in the place of all there are."""

    def use(*fixes: ModelFix) -> None:
        for module in ("repair", "outcome"):
            monkeypatch.setattr(f"tflint.fix.model.{module}.model_fixes", lambda: fixes)

    return use


@pytest.fixture
def proofs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Prove], list[dict[str, Any]]]:
    """Puts another proof in the place of the one by running; returns the calls to it."""

    def use(prove: Prove) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []

        def noted(before: bytes, after: bytes, **options: Any) -> Proof:
            calls.append({"before": before, "after": after, **options})
            return prove(before, after, **options)

        module = types.ModuleType("tflint.fix.proof.proving")
        module.prove = noted  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "tflint.fix.proof.proving", module)
        return calls

    return use


@pytest.fixture(autouse=True)
def _by_default_all_holds(proofs: Callable[[Prove], list[dict[str, Any]]]) -> None:
    proofs(lambda before, after, **options: EXACT)


def write(folder: Path, *names: str) -> bytes:
    """The same model of one operator, under these names."""
    data = write_model(relu().build())
    for name in names:
        (folder / name).write_bytes(data)
    return data


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def descriptions(data: bytes) -> list[str]:
    return (parse_model(data).description or "").rstrip(".").split("+")[1:]


def description(path: Path) -> str:
    """What repairs have made of a model's description."""
    return "+".join(descriptions(path.read_bytes()))


def test_the_result_lies_beside_the_model(
    call: Call, tmp_path: Path, passes: Callable[..., None]
) -> None:
    data = write(tmp_path, "m.tflite")
    passes(described("short", "TFL609"))
    result = call("fix", "m.tflite", cwd=tmp_path)

    assert (result.code, result.stderr) == (0, "")
    assert files(tmp_path) == ["m.fixed.tflite", "m.tflite"]
    assert (tmp_path / "m.tflite").read_bytes() == data
    assert description(tmp_path / "m.fixed.tflite") == "short"
    head, written, fixed, totals, proved, *_ = result.stdout.splitlines()
    assert head == "m.tflite -> m.fixed.tflite"
    assert written.startswith("  fixed     write compact-file  file -")
    assert fixed.startswith("  fixed     TFL609 long-names   file +")
    assert totals.startswith(f"  file {len(data):,} -> ")
    assert proved == "  proved over 12 inputs on litert-reference: every output equal to the bit"
    assert "note: it is called short now" in result.stdout


def test_it_can_go_elsewhere_or_over_the_original(
    call: Call, tmp_path: Path, passes: Callable[..., None]
) -> None:
    data = write(tmp_path, "m.tflite")
    passes(described("short", "TFL609"))
    assert call("fix", "m.tflite", "-o", "out.bin", cwd=tmp_path).code == 0
    assert files(tmp_path) == ["m.tflite", "out.bin"]
    assert description(tmp_path / "out.bin") == "short"
    assert (tmp_path / "m.tflite").read_bytes() == data

    assert call("fix", "m.tflite", "--in-place", cwd=tmp_path).code == 0
    assert files(tmp_path) == ["m.tflite", "out.bin"]
    assert description(tmp_path / "m.tflite") == "short"


def test_where_nothing_is_to_do_nothing_is_written(
    call: Call, tmp_path: Path, passes: Callable[..., None], proofs: Any
) -> None:
    data = write(tmp_path, "m.tflite")
    passes()
    calls = proofs(lambda before, after, **options: EXACT)
    result = call("fix", "m.tflite", cwd=tmp_path)

    assert (result.code, result.stderr, calls) == (0, "", [])
    assert "  nothing to repair, nothing written\n" in result.stdout
    assert files(tmp_path) == ["m.tflite"]
    # Whoever reads the file of `-o` next finds it there.
    result = call("fix", "m.tflite", "-o", "same.tflite", cwd=tmp_path)
    assert result.code == 0
    assert "  nothing to repair, written as it is\n" in result.stdout
    assert (tmp_path / "same.tflite").read_bytes() == data


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_the_result_of_a_read_only_model_can_be_written_anew(
    call: Call, tmp_path: Path, passes: Callable[..., None]
) -> None:
    write(tmp_path, "m.tflite")
    (tmp_path / "m.tflite").chmod(0o440)
    passes(described("short", "TFL609"))
    for _ in range(2):
        result = call("fix", "m.tflite", cwd=tmp_path)
        assert (result.code, result.stderr) == (0, "")
        assert stat.S_IMODE((tmp_path / "m.fixed.tflite").stat().st_mode) == 0o640

    result = call("fix", "m.tflite", "--in-place", cwd=tmp_path)
    assert (result.code, "read-only" in result.stderr) == (2, True)


def test_a_folder_of_sources_and_models(
    call: Call, tmp_path: Path, passes: Callable[..., None]
) -> None:
    pytest.importorskip("libcst", reason="needs the extra `fix`")
    (tmp_path / "deep").mkdir()
    write(tmp_path, "a.tflite", "deep/b.tflite", "c.fixed.tflite")
    (tmp_path / "train.py").write_text("import keras\n", encoding="utf-8")
    passes(described("short", "TFL609"))
    before = files(tmp_path)
    assert call("fix", cwd=tmp_path).code == 0
    expected = sorted([*before, "a.fixed.tflite", "deep/b.fixed.tflite"])
    assert files(tmp_path) == expected

    # The results are passed over, and written anew.
    (tmp_path / "a.fixed.tflite").write_bytes(write_model(dense().build()))
    assert call("fix", cwd=tmp_path).code == 0
    assert files(tmp_path) == expected
    assert description(tmp_path / "a.fixed.tflite") == "short"
    # One that is named is meant.
    document = json.loads(call("fix", "c.fixed.tflite", "--format", "json", cwd=tmp_path).stdout)
    assert document["files"][0]["output"] == "c.fixed.fixed.tflite"


def test_a_file_that_is_no_result_is_not_replaced(
    call: Call, tmp_path: Path, passes: Callable[..., None]
) -> None:
    data = write(tmp_path, "m.tflite")
    passes(described("short", "TFL609"))
    other = tmp_path / "m.fixed.tflite"
    for make in (
        lambda: other.write_bytes(b"my notes"),
        other.mkdir,
        lambda: other.symlink_to("m.tflite"),
    ):
        make()
        result = call("fix", "m.tflite", cwd=tmp_path)
        assert (result.code, result.stdout) == (2, "")
        assert result.stderr.startswith("tflint: `m.fixed.tflite` is ")
        assert len(result.stderr.splitlines()) == 1
        assert (tmp_path / "m.tflite").read_bytes() == data
        shutil.rmtree(other) if other.is_dir() else other.unlink()


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_the_result_is_as_private_as_the_model(
    call: Call, tmp_path: Path, passes: Callable[..., None]
) -> None:
    write(tmp_path, "m.tflite")
    (tmp_path / "m.tflite").chmod(0o600)
    passes(described("short", "TFL609"))
    call("fix", "m.tflite", cwd=tmp_path)

    assert (tmp_path / "m.fixed.tflite").stat().st_mode & 0o777 == 0o600


def test_a_proof_that_fails_leaves_the_model(
    call: Call, tmp_path: Path, passes: Callable[..., None], proofs: Any
) -> None:
    data = write(tmp_path, "m.tflite")
    passes(
        described("first", "TFL609"),
        described("second", "TFL604", FixSafety.UNSAFE),
        described("third", "TFL307", FixSafety.UNSAFE),
    )

    def prove(before: bytes, after: bytes, **options: Any) -> Proof:
        failure = None if descriptions(after) == ["first"] else "2 of 12 decisions differ"
        return dataclasses.replace(EXACT, bit_equal=failure is None, failure=failure)

    calls = proofs(prove)
    for options in ([], ["--in-place"], ["-o", "out.tflite"]):
        result = call("fix", "m.tflite", "--unsafe", *options, cwd=tmp_path)
        assert (result.code, result.stderr) == (1, "")
        assert files(tmp_path) == ["m.tflite"]
        assert (tmp_path / "m.tflite").read_bytes() == data
        said = " ".join(result.stdout.split())
        assert "not proved, so nothing was written: 2 of 12 decisions differ" in said
        assert "TFL604 (--ignore TFL604 goes on without)" in said
    assert [call["exact"] for call in calls[:2]] == [True, False]

    result = call("fix", "m.tflite", "--unsafe", "--format", "json", cwd=tmp_path)
    (file,) = json.loads(result.stdout)["files"]
    assert (result.code, file["written"], file["output"]) == (1, False, None)
    assert file["bytes"] == {"before": len(data), "after": len(data)}
    assert file["proof"]["failure"] == "2 of 12 decisions differ"
    assert file["proof"]["suspect"] == "TFL604"
    assert not any(one["applied"] for one in file["passes"])
    # What the safe pass does alone, holds.
    assert call("fix", "m.tflite", cwd=tmp_path).code == 0


def test_a_diff_shows_operators_and_bytes_and_writes_nothing(
    call: Call, tmp_path: Path, passes: Callable[..., None], proofs: Any
) -> None:
    write(tmp_path, "m.tflite")
    passes(described("short", "TFL609"))
    result = call("fix", "m.tflite", "--diff", cwd=tmp_path)

    assert result.code == 1
    assert files(tmp_path) == ["m.tflite"]
    assert "the inputs and outputs are the same" in result.stdout
    assert "  file bytes " in result.stdout
    assert "description:" in result.stdout
    assert "  would fix TFL609 long-names" in result.stderr
    assert "proved over 12 inputs" in result.stderr

    def missing(before: bytes, after: bytes, **options: Any) -> Proof:
        raise MissingExtra("running models", "quantize")

    proofs(missing)
    result = call("fix", "m.tflite", "--diff", "--format", "json", cwd=tmp_path)
    document = json.loads(result.stdout)
    (file,) = document["files"]
    assert (result.code, result.stderr, file["proof"]) == (1, "", None)
    assert file["notes"][0].startswith("not proved: ")
    assert file["diff"]["difference"]["file_bytes"] > 0
    assert file["diff"]["changes"]["properties"][0]["after"].rstrip(".`").endswith("+short")


def test_what_stops_a_proof_is_an_error_and_the_other_models_go_on(
    call: Call, tmp_path: Path, passes: Callable[..., None], proofs: Any
) -> None:
    write(tmp_path, "a.tflite")
    (tmp_path / "b.tflite").write_bytes(write_model(dense().build()))
    (tmp_path / "broken.tflite").write_bytes(b"TFL3TFL3")
    passes(described("short", "TFL609"))

    def prove(before: bytes, after: bytes, **options: Any) -> Proof:
        if len(before) > 2000:
            raise TflintError("the runtime was killed after 120 s")
        return EXACT

    proofs(prove)
    single = call("fix", "b.tflite", cwd=tmp_path)
    assert (single.code, single.stdout) == (2, "")
    assert single.stderr == "tflint: `b.tflite`: the runtime was killed after 120 s\n"
    assert files(tmp_path) == ["a.tflite", "b.tflite", "broken.tflite"]

    result = call("fix", "--format", "json", cwd=tmp_path)
    a, b, broken = json.loads(result.stdout)["files"]
    assert result.code == 2
    assert files(tmp_path) == ["a.fixed.tflite", "a.tflite", "b.tflite", "broken.tflite"]
    assert (a["written"], b["written"], broken["written"]) == (True, False, False)
    assert b["error"] == "`b.tflite`: the runtime was killed after 120 s"
    assert broken["error"].startswith("`broken.tflite` cannot be read: ")
    assert result.stderr.splitlines() == [f"tflint: {b['error']}", f"tflint: {broken['error']}"]


def test_without_a_runtime_the_extra_is_named(
    call: Call, tmp_path: Path, passes: Callable[..., None], proofs: Any
) -> None:
    write(tmp_path, "m.tflite")
    passes(described("short", "TFL609"))

    def missing(before: bytes, after: bytes, **options: Any) -> Proof:
        raise MissingExtra("running models", "quantize")

    proofs(missing)
    result = call("fix", "m.tflite", cwd=tmp_path)

    assert (result.code, result.stdout) == (2, "")
    assert "pip install 'tflint[quantize]'" in result.stderr
    assert files(tmp_path) == ["m.tflite"]


def test_a_model_that_changed_meanwhile_is_left(
    call: Call, tmp_path: Path, passes: Callable[..., None], proofs: Any
) -> None:
    write(tmp_path, "m.tflite")
    passes(described("short", "TFL609"))

    def prove(before: bytes, after: bytes, **options: Any) -> Proof:
        (tmp_path / "m.tflite").write_bytes(b"another")
        return EXACT

    proofs(prove)
    for options in ([], ["--in-place"]):
        write(tmp_path, "m.tflite")
        result = call("fix", "m.tflite", *options, cwd=tmp_path)
        assert (result.code, result.stdout) == (2, "")
        assert "was changed while it was repaired" in result.stderr
        assert files(tmp_path) == ["m.tflite"]
        assert (tmp_path / "m.tflite").read_bytes() == b"another"


def test_selection_and_accepted_findings_choose_the_passes(
    call: Call, tmp_path: Path, passes: Callable[..., None]
) -> None:
    write(tmp_path, "m.tflite")
    shutil.copy(tmp_path / "m.tflite", tmp_path / "old.tflite")
    passes(described("short", "TFL701"))
    for options in (["--select", "TFL609"], ["--ignore", "missing-signature"]):
        assert call("fix", "m.tflite", *options, cwd=tmp_path).code == 0
        assert files(tmp_path) == ["m.tflite", "old.tflite"]
    (tmp_path / "tflint.toml").write_text('ignore = ["TFL7"]\n', encoding="utf-8")
    assert call("fix", "m.tflite", cwd=tmp_path).code == 0
    assert "m.fixed.tflite" not in files(tmp_path)


def test_what_costs_something_runs_on_request(
    call: Call, tmp_path: Path, passes: Callable[..., None]
) -> None:
    write(tmp_path, "m.tflite")
    passes(dataclasses.replace(described("short", "TFL701"), on_request=True))
    for options, expected in (
        ([], False),
        (["--select", "TFL7"], False),
        (["--select", "TFL701"], True),
        (["--extend-select", "missing-signature"], True),
    ):
        (tmp_path / "m.fixed.tflite").unlink(missing_ok=True)
        assert call("fix", "m.tflite", *options, cwd=tmp_path).code == 0
        assert (tmp_path / "m.fixed.tflite").exists() == expected, options


def test_a_pass_that_fails_is_told_in_a_line(
    call: Call, tmp_path: Path, passes: Callable[..., None]
) -> None:
    write(tmp_path, "m.tflite")

    def wrong(context: RewriteContext) -> Rewrite | None:
        raise KeyError("\x1b[31m")

    passes(ModelFix("TFL604", wrong))
    result = call("fix", "m.tflite", cwd=tmp_path)

    assert (result.code, result.stdout) == (2, "")
    assert "internal error in the repair of TFL604" in result.stderr
    assert "--ignore TFL604 goes on without" in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(
    ("level", "options", "code"),
    [
        ("error", [], 0),
        ("warning", [], 1),
        ("warning", ["--ignore", "TFL401"], 0),
        ("never", [], 0),
    ],
)
def test_a_repair_left_undone_fails_by_its_severity(
    call: Call,
    tmp_path: Path,
    passes: Callable[..., None],
    level: str,
    options: list[str],
    code: int,
) -> None:
    (tmp_path / "m.tflite").write_bytes(write_model(dense().build()))
    passes()
    result = call("fix", "m.tflite", "--fail-on", level, *options, cwd=tmp_path)

    assert result.code == code
    if "--ignore" not in options:
        assert "tflint fix m.tflite --quantize int8 --calibrate DATA" in result.stdout


def test_what_tflint_has_no_repair_for_does_not_fail(call: Call, models: Path) -> None:
    # An operator that no runtime has is an error of `check`, and nothing that `fix` left undone.
    assert call("check", "error.tflite", cwd=models).code == 1
    result = call("fix", "error.tflite", cwd=models)

    assert result.code == 0
    assert "without a repair of this kind" in result.stdout


def test_a_model_is_not_repaired_from_stdin(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write(tmp_path, "m.tflite")
    monkeypatch.setattr(
        "sys.stdin", types.SimpleNamespace(buffer=types.SimpleNamespace(read=lambda most: data))
    )
    result = call("fix", "--stdin-filename", "m.tflite", "-", cwd=tmp_path)

    assert (result.code, result.stdout) == (2, "")
    assert "a model is not repaired from stdin: give the path of its file" in result.stderr


def test_json_has_the_keys_of_the_interface(
    call: Call, tmp_path: Path, passes: Callable[..., None], proofs: Any
) -> None:
    data = write(tmp_path, "m.tflite")
    passes(described("short", "TFL609"))
    proofs(
        lambda before, after, **options: Proof(
            "tflm", 7, False, 0.5, float("nan"), 40.0, top1_agreement=1.0
        )
    )
    result = call("fix", "m.tflite", "--format", "json", cwd=tmp_path)
    document = json.loads(result.stdout)
    (file,) = document["files"]
    size = (tmp_path / "m.fixed.tflite").stat().st_size

    assert (result.code, document["schema"]) == (0, 1)
    assert (file["path"], file["output"], file["written"]) == ("m.tflite", "m.fixed.tflite", True)
    assert file["bytes"] == {"before": len(data), "after": size}
    assert file["arena"]["before"] == file["arena"]["after"] > 0
    write_step, one = file["passes"]
    assert (one["code"], one["name"], one["applied"]) == ("TFL609", "long-names", True)
    assert one["arena_saved"] == 0
    assert write_step["code"] == "write"
    assert write_step["bytes_saved"] + one["bytes_saved"] == len(data) - size
    expected = {
        "method": "tflm",
        "inputs": 7,
        "bit_equal": False,
        "max_error": 0.5,
        "mean_error": None,
        "snr_db": 40.0,
        "top1_agreement": 1.0,
    }
    assert {key: file["proof"][key] for key in expected} == expected


def test_hostile_names_are_escaped(call: Call, tmp_path: Path, passes: Callable[..., None]) -> None:
    name = "a\x1b[31m\n::error::x.tflite"
    write(tmp_path, name)
    passes(described("\x1b[2J", "TFL609"))
    for options in (["--diff"], [], ["--format", "json"]):
        result = call("fix", *options, name, cwd=tmp_path)
        assert "\x1b" not in result.stdout + result.stderr
        if "json" not in options:
            lines = (result.stdout + result.stderr).splitlines()
            assert not any(line.lstrip().startswith("::") for line in lines)
            assert all(len(line) <= 100 for line in lines)


@pytest.fixture
def requantized(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Puts a quantiser in place that describes the model; the calls to it."""
    from tflint.fix.quantize.requantize import Requantized

    calls: list[dict[str, Any]] = []

    def requantize(data: bytes, mode: str, samples: Any, target: Any, **options: Any) -> Any:
        calls.append({"data": data, "mode": mode, "samples": samples, **options})
        model = parse_model(data)
        text = (model.description or "").rstrip(".")
        changed = dataclasses.replace(model, description=f"{text}+{mode}")
        return Requantized(write_model(changed), mode, "minmax", ("ranges were found",))

    monkeypatch.setattr("tflint.fix.quantize.requantize.requantize", requantize)
    return calls


def test_quantising_takes_data_and_the_repairs_that_round(
    call: Call,
    tmp_path: Path,
    passes: Callable[..., None],
    proofs: Any,
    requantized: list[dict[str, Any]],
) -> None:
    write(tmp_path, "m.tflite")
    np.save(tmp_path / "x.npy", np.zeros((9, 1, 4), np.float32))
    passes(
        described("short", "TFL609"),
        described("folded", "TFL604", FixSafety.UNSAFE),
        described("logits", "TFL309", FixSafety.UNSAFE),
    )
    calls = proofs(lambda before, after, **options: EXACT)
    options = ("--quantize", "int8", "--calibrate", "x.npy", "--calibration", "mse")
    result = call("fix", "m.tflite", *options, "--format", "json", cwd=tmp_path)
    (file,) = json.loads(result.stdout)["files"]

    assert result.code == 0, result.stderr
    # What gives the output another meaning is left to `--unsafe`.
    assert description(tmp_path / "m.fixed.tflite") == "short+int8+folded"
    (asked,) = requantized
    assert descriptions(asked["data"]) == ["short"]
    assert (asked["mode"], asked["calibration"]) == ("int8", "mse")
    assert asked["samples"].inputs[0].shape == (9, 1, 4)
    names = [(one["code"], one["name"]) for one in file["passes"]]
    assert names == [
        ("write", "compact-file"),
        ("TFL609", "long-names"),
        ("quantize", "int8"),
        ("TFL604", "unfused-affine"),
    ]
    assert "ranges were found" in file["notes"]
    assert [(one["exact"], tuple(one["may_lose"])) for one in calls] == [(True, ()), (False, ())]
    assert all(one["samples"] is asked["samples"] for one in calls)


def test_modes_that_tflm_does_not_know_are_proved_without_it(
    call: Call,
    tmp_path: Path,
    passes: Callable[..., None],
    proofs: Any,
    requantized: list[dict[str, Any]],
) -> None:
    write(tmp_path, "m.tflite")
    passes()
    calls = proofs(lambda before, after, **options: EXACT)
    assert call("fix", "m.tflite", "--quantize", "float16", cwd=tmp_path).code == 0

    assert [(one["exact"], [host.value for host in one["may_lose"]]) for one in calls] == [
        (False, ["tflm"])
    ]
    assert requantized[0]["samples"] is None


def test_random_inputs_are_asked_for_by_name(
    call: Call,
    tmp_path: Path,
    passes: Callable[..., None],
    requantized: list[dict[str, Any]],
) -> None:
    write(tmp_path, "m.tflite")
    (tmp_path / "random").write_text("not this", encoding="utf-8")
    passes()
    options = ("--quantize", "int8", "--calibrate", "random")
    assert call("fix", "m.tflite", *options, cwd=tmp_path).code == 0

    assert requantized[0]["samples"].is_random
    assert requantized[0]["samples"].count > 100


def test_accepted_findings_are_left_as_they_are(
    call: Call, tmp_path: Path, passes: Callable[..., None]
) -> None:
    (tmp_path / "m.tflite").write_bytes(write_model(dense().build()))
    passes(described("short", "TFL401"))
    accepted = '[[ignore]]\npaths = ["*.tflite"]\nrules = ["TFL401"]\nreason = "for a desktop"\n'
    (tmp_path / "tflint.toml").write_text(accepted, encoding="utf-8")
    assert call("fix", "m.tflite", cwd=tmp_path).code == 0
    assert not (tmp_path / "m.fixed.tflite").exists()

    assert call("fix", "m.tflite", "--isolated", cwd=tmp_path).code == 0
    assert description(tmp_path / "m.fixed.tflite") == "short"


def test_no_pass_is_to_blame_for_a_model_that_nothing_runs(
    call: Call, tmp_path: Path, passes: Callable[..., None], proofs: Any
) -> None:
    write(tmp_path, "m.tflite")
    passes(described("first", "TFL609"), described("second", "TFL607"))
    proofs(lambda before, after, **options: dataclasses.replace(EXACT, failure="nothing runs it"))
    result = call("fix", "m.tflite", "--format", "json", cwd=tmp_path)
    (file,) = json.loads(result.stdout)["files"]

    assert (result.code, file["written"]) == (1, False)
    assert (file["proof"]["failure"], file["proof"]["suspect"]) == ("nothing runs it", None)


def test_what_options_offer_is_what_there_is() -> None:
    from tflint.fix import options
    from tflint.fix.quantize import requantize, static_quantization

    assert set(options.MODES) == set(requantize.MODES)
    assert set(options.CALIBRATIONS) == set(static_quantization.CALIBRATIONS)
