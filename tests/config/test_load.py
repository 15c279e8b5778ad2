"""Configuration from files, environment and options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tflint.config.load import InvalidConfiguration, load_settings
from tflint.config.settings import Settings, Source
from tflint.errors import UsageError
from tflint.finding import Severity


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(
    text: str | None = None,
    *,
    name: str = "tflint.toml",
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    config: tuple[str, ...] = (),
    isolated: bool = False,
) -> Settings:
    if text is not None:
        Path(name).write_text(text, encoding="utf-8")
    return load_settings(options, config=config, isolated=isolated, environment=environment or {})


def problems(text: str, name: str = "tflint.toml") -> list[str]:
    with pytest.raises(InvalidConfiguration) as caught:
        load(text, name=name)
    lines = str(caught.value).split("\n  ")
    return lines if len(lines) == 1 else lines[1:]


def codes(settings: Settings, path: str) -> set[str]:
    return {rule.meta.code for rule in settings.plan(Path(path)).rules}


def test_without_anything_the_defaults_hold() -> None:
    settings = load()

    assert settings.file is None
    assert settings.target.name == "tflm"
    assert settings.fail_on is Severity.ERROR
    assert {settings.origin(key).source for key in settings.values} == {Source.DEFAULT}


def test_a_pyproject_configures() -> None:
    settings = load(
        '[project]\nname = "x"\n\n[tool.tflint]\ntarget = "cortex-m7"\nfail-on = "never"\n',
        name="pyproject.toml",
    )

    assert settings.target.name == "cortex-m7"
    assert settings.fail_on is None
    assert str(settings.origin("target")) == "pyproject.toml:5"
    assert str(settings.origin("fail-on")) == "pyproject.toml:6"


@pytest.mark.parametrize("head", ["", "[tool.tflint]\n"])
def test_an_own_file_has_its_keys_at_the_top_or_in_the_table(head: str) -> None:
    assert load(f'{head}target = "cortex-m7"\n').target.name == "cortex-m7"


def test_the_own_file_comes_before_the_pyproject() -> None:
    Path("pyproject.toml").write_text('[tool.tflint]\ntarget = "cortex-m0plus"\n', "utf-8")

    assert load('target = "cortex-m7"').target.name == "cortex-m7"


def test_a_file_of_a_folder_above_is_found_and_others_are_passed_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tflint.toml").write_text('target = "cortex-m7"\n', encoding="utf-8")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text('[project]\nname = "tflint-user"\n', encoding="utf-8")
    (inner.parent / "pyproject.toml").write_text("this is = not toml", encoding="utf-8")
    monkeypatch.chdir(inner)
    settings = load()

    assert settings.target.name == "cortex-m7"
    assert settings.root == tmp_path


def test_a_file_can_be_named() -> None:
    Path("other.toml").write_text('target = "cortex-m3"\n', encoding="utf-8")
    settings = load('target = "cortex-m7"\n', config=("other.toml",))

    assert settings.target.name == "cortex-m3"


def test_the_command_line_beats_the_environment_and_that_the_file() -> None:
    text = 'target = "cortex-m7"\nfail-on = "never"\nformat = "json"\n'
    settings = load(
        text,
        options={"target": "cortex-m3", "format": None, "select": []},
        environment={"TFLITE_LINT_TARGET": "cortex-m4", "TFLITE_LINT_FAIL_ON": "info"},
    )

    assert settings.target.name == "cortex-m3"
    assert settings.fail_on is Severity.INFO
    assert settings.values["format"] == "json"
    assert str(settings.origin("target")) == "--target"
    assert str(settings.origin("fail-on")) == "TFLITE_LINT_FAIL_ON"
    assert str(settings.origin("format")) == "tflint.toml:3"


@pytest.mark.parametrize("pair", ["fail-on=info", 'fail-on="info"', "fail_on = 'info'"])
def test_single_settings_on_the_command_line(pair: str) -> None:
    settings = load('fail-on = "never"', config=(pair,))

    assert settings.fail_on is Severity.INFO


def test_a_list_on_the_command_line() -> None:
    settings = load(config=('ignore=["TFL1", "TFL204"]',))

    assert settings.values["ignore"] == ("TFL1", "TFL204")


def test_isolated_leaves_everything_else_out() -> None:
    settings = load("no toml at all", environment={"TFLITE_LINT_FAIL_ON": "bogus"}, isolated=True)

    assert settings.file is None


@pytest.mark.parametrize(
    ("value", "size"), [("20_480", 20480), ('"20K"', 20480), ('"64KiB"', 65536), ("0", 0)]
)
def test_budgets(value: str, size: int) -> None:
    settings = load(f"max-flash = {value}\nmax-ram = {value}\n")

    assert (settings.target.flash_bytes, settings.target.ram_bytes) == (size, size)


@pytest.mark.parametrize(
    ("value", "count"), [("2_500_000", 2500000), ('"2.5M"', 2500000), ('"300k"', 300000)]
)
def test_counts_of_operations(value: str, count: int) -> None:
    assert load(f"max-macs = {value}").target.max_macs == count


def test_rules_are_ignored_beside_entries_with_reasons() -> None:
    settings = load(
        "extend-ignore = [\"TFL4\"]\n[[ignore]]\npath = '*'\nrules = 'TFL2'\nreason = 'because'\n"
    )

    assert settings.values["ignore"] == ("TFL4",)
    assert str(settings.origin("ignore")) == "tflint.toml:1"
    assert len(settings.suppressions) == 1


def test_entries_with_reasons_may_stand_in_the_list() -> None:
    settings = load("ignore = ['TFL4', {path = '*', rules = 'TFL2', reason = 'because'}]")

    assert settings.values["ignore"] == ("TFL4",)
    assert len(settings.suppressions) == 1


# One model


MODELS = """\
target = "cortex-m4:ram=64K"
ignore = ["TFL401"]

[[models]]
path = "small/*.tflite"
target = "cortex-m0plus"
max-flash = "32K"
ignore = ["TFL302"]

[[models]]
path = ["small/kws*.tflite", "big.tflite"]
max-flash = "64K"
"""


def test_models_have_settings_of_their_own() -> None:
    settings = load(MODELS)
    other, small, kws = (
        settings.plan(Path(path)).target
        for path in ("other.tflite", "small/a.tflite", "small/kws1.tflite")
    )

    assert (other.core, other.flash_bytes, other.ram_bytes) == ("cortex-m4", None, 65536)
    assert (small.core, small.flash_bytes, small.ram_bytes) == ("cortex-m0plus", 32768, None)
    assert (kws.core, kws.flash_bytes) == ("cortex-m0plus", 65536)


def test_what_models_ignore_adds_up() -> None:
    settings = load(MODELS)

    assert "TFL401" not in codes(settings, "small/a.tflite")
    assert "TFL302" not in codes(settings, "small/a.tflite")
    assert "TFL302" in codes(settings, "other.tflite")


def test_the_command_line_has_the_last_word_on_targets() -> None:
    settings = load(MODELS, options={"target": "cortex-m7"})

    assert settings.plan(Path("small/a.tflite")).target.core == "cortex-m7"


def test_what_a_model_ignores_stays_ignored_when_it_is_selected_for_all() -> None:
    settings = load(MODELS, options={"select": ["TFL302", "TFL401", "TFL204"]})

    assert codes(settings, "small/a.tflite") == {"TFL401", "TFL204"}
    assert codes(settings, "other.tflite") == {"TFL302", "TFL401", "TFL204"}


def test_patterns_start_from_the_files_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tflint.toml").write_text(MODELS, encoding="utf-8")
    (tmp_path / "small").mkdir()
    monkeypatch.chdir(tmp_path / "small")

    assert load().plan(Path("a.tflite")).target.core == "cortex-m0plus"


def test_provenance_of_a_model() -> None:
    _, origins = load(MODELS).for_model(Path("small/kws1.tflite"))

    assert str(origins["target"]) == "tflint.toml:4"
    assert str(origins["max-flash"]) == "tflint.toml:10"
    assert str(origins["ignore"]) == "tflint.toml:4"


# Problems


def test_all_problems_are_reported_at_once_each_with_its_line() -> None:
    text = """\
[tool.tflint]
taget = "cortex-m4"
fail-on = "warn"
select = [
    "TFL204",
    "TFL999",
]
max-ram = "much"
jobs = 0
output = ["pdf=x"]

[[tool.tflint.models]]
target = "cortex-m5"

[[tool.tflint.ignore]]
path = "*.tflite"
rules = ["hybrid-kernal"]
"""
    found = problems(text, "pyproject.toml")

    assert [problem.split(": ")[0] for problem in found] == [
        f"pyproject.toml:{line}" for line in (2, 3, 6, 8, 9, 10, 12, 13, 17, 15)
    ]
    assert "did you mean `target`?" in found[0]
    assert "did you mean `warning`?" in found[1]
    assert "unknown rule `TFL999`" in found[2]
    assert "`path` is missing" in found[6]
    assert "did you mean `hybrid-kernel`?" in found[8]
    assert "`reason` is missing" in found[9]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("target = 3", "tflint.toml:1: `target`: expected a string, found a number"),
        ("select = [1]", "expected a string, found a number"),
        ("select = []\nselects = []", "did you mean `select`?"),
        ("jobs = true", "number of processes"),
        ("max-ram = -1", "expected a size"),
        ("max-macs = nan", "expected a number"),
        ("max-macs = '1e999'", "is not a number"),
        ("format = 'pdf'", "unknown format `pdf`"),
        ("models = 3", "`[[models]]`"),
        ("models = [3]", "`[[models]]`"),
        ("[[models]]\npath = []", "`path` is empty"),
        ("[[models]]\npath = 'x'\nformat = 'json'", "unknown key `format`"),
        ("[[ignore]]\npath = 'x'\nreason = 'y'", "`rules` is missing"),
        ("[[ignore]]\npath = 'x'\nrules = 'TFL2'\nreason = ' '", "`reason` is missing"),
        ("[[ignore]]\npath = ''\nrules = 'TFL2'\nreason = 'x'", "path pattern is empty"),
        ("target = ", "tflint.toml:1: Invalid value"),
        ("jobs = 1\ntarget = 'x'\ntarget = 'y'", "tflint.toml:3: Cannot overwrite a value"),
        ("jobs = 1\nselect = [", "tflint.toml:2: "),
        ("a = 1\n[tool.tflint]\n", "`a` stands outside of [tool.tflint]"),
        ("tool = 3", "unknown key `tool`"),
        ("'\\u001b[31m' = 3", "unknown key"),
    ],
)
def test_a_problem(text: str, says: str) -> None:
    found = problems(text)

    assert len(found) == 1
    assert says in found[0]
    assert "\x1b" not in found[0]


@pytest.mark.parametrize("value", ["3", "[3]", "{a = 1}"])
def test_a_section_that_is_none(value: str) -> None:
    if value.startswith("{"):
        assert "unknown key `a`" in problems(f"tool.tflint = {value}", "pyproject.toml")[0]
    else:
        assert "not a table" in problems(f"tool.tflint = {value}", "pyproject.toml")[0]


def test_a_broken_pyproject_matters_only_if_it_configures_tflint() -> None:
    assert load("[project\n", name="pyproject.toml").file is None
    assert problems("[tool.tflint]\ntarget = \n", "pyproject.toml")
    Path("pyproject.toml").write_bytes(b'[project]\nname = "\xff"\n')
    assert load().file is None
    Path("pyproject.toml").write_bytes(b'[tool.tflint]\ntarget = "\xff"\n')
    with pytest.raises(UsageError, match=r"^`pyproject\.toml` is not UTF-8$"):
        load()


@pytest.mark.parametrize(
    ("list_", "table", "name"),
    [
        ("ignore = ['TFL1']", "[[ignore]]", "tflint.toml"),
        ("[tool.tflint]\nignore = ['TFL1']", "[[tool.tflint.ignore]]", "pyproject.toml"),
    ],
)
def test_ignore_as_a_list_and_as_tables_is_explained(list_: str, table: str, name: str) -> None:
    """TOML refuses it with a word on immutable namespaces, and both are our documented ways."""
    found = problems(f"{list_}\n\n{table}\npath = 'x'\n", name)

    assert len(found) == 1
    assert found[0].startswith(f"{name}:{3 + list_.count(chr(10))}: ")
    assert "write the tables into the list" in found[0]


def test_ignored_rules_and_entries_with_reasons_share_a_list() -> None:
    settings = load(
        "ignore = ['TFL401', { path = '*.tflite', rules = ['TFL204'], reason = 'known' }]"
    )

    assert settings.values["ignore"] == ("TFL401",)
    assert [entry.reason for entry in settings.suppressions] == ["known"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff\xfe", "is not UTF-8"),
        (b"#" * 2_000_000, "too large"),
        (b"a=" + b"[" * 9000, "nested too deeply"),
    ],
)
def test_files_that_are_no_configuration(data: bytes, says: str) -> None:
    Path("tflint.toml").write_bytes(data)
    with pytest.raises(UsageError, match=says):
        load()


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    Path("tflint.toml").write_bytes(b'\xef\xbb\xbftarget = "cortex-m7"\r\nbogus = 1\r\n')
    with pytest.raises(UsageError, match=r"^tflint\.toml:2: unknown key `bogus`"):
        load()


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (("nosuch.toml",), "`nosuch.toml` does not exist"),
        (("a.toml", "b.toml"), "names 2 files"),
        (("nosuch=1",), "--config nosuch: unknown key `nosuch`"),
        (("fail-on=warn",), "--config fail-on: unknown level `warn`"),
    ],
)
def test_a_wrong_argument(config: tuple[str, ...], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(config=config)

    assert says in str(caught.value)


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(UsageError, match=r"^TFLITE_LINT_FAIL_ON: unknown level `warn`"):
        load(environment={"TFLITE_LINT_FAIL_ON": "warn"})


def test_other_variables_of_the_prefix_are_left_alone() -> None:
    load(environment={"TFLITE_LINT_DEBUG": "1", "TFLITE_LINT_SHARED": "/x"})
