"""Targets: a runtime on a core, with a budget of flash and RAM where there is one."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import re
import sys
from dataclasses import dataclass

from tflint.errors import UnknownName, UsageError
from tflint.target.runtime import RUNTIMES, Runtime, load_runtime

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEFAULT_TARGET = "tflm"

# No device has petabytes; `int` refuses numbers of thousands of digits.
_SIZE = re.compile(r"(\d{1,15})\s*(?:([KMG])(?:i?B)?|B)?", re.IGNORECASE)
# Settings of an inline target and the fields that they set.
_FIELDS = {"flash": "flash_bytes", "ram": "ram_bytes", "runtime": "runtime_name"}
_FACTORS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


@dataclass(frozen=True, slots=True)
class Target:
    """What a model is checked for. Sizes in bytes; None where there is no limit.

    `max_macs` are the multiply-accumulates that one inference may take.
    """

    name: str
    description: str
    runtime_name: str
    core: str | None = None
    flash_bytes: int | None = None
    ram_bytes: int | None = None
    max_macs: int | None = None

    @property
    def runtime(self) -> Runtime:
        """The runtime with its kernels."""
        return load_runtime(self.runtime_name)


def parse_size(text: str) -> int:
    """Bytes from `20480`, `20K`, `1M` or `64KiB`; raises `UsageError`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"`{text}` is not a size; write it like 20480, 20K, 1M or 64KiB")
    return int(match[1]) * _FACTORS[(match[2] or "").upper()]


@functools.cache
def named_targets() -> dict[str, Target]:
    """All targets that have a name, in the order they are shown."""
    path = importlib.resources.files("tflint.target") / "targets.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Target(
            name=name,
            description=entry["description"],
            runtime_name=entry["runtime"],
            core=entry.get("core"),
            flash_bytes=parse_size(entry["flash"]) if "flash" in entry else None,
            ram_bytes=parse_size(entry["ram"]) if "ram" in entry else None,
        )
        for name, entry in tables.items()
    }


def find_target(text: str) -> Target:
    """A target by name, or inline as `cortex-m4:flash=256K,ram=64K,runtime=tflm-cmsis-nn`.

    Raises `UnknownName` or `UsageError`.
    """
    name, colon, settings = text.partition(":")
    targets = named_targets()
    if name not in targets:
        raise UnknownName("target", name, targets, "`tflint targets` lists them")
    target = targets[name]
    if not colon:
        return target
    changes: dict[str, int | str] = {}
    for setting in settings.split(","):
        key, equals, value = (part.strip() for part in setting.partition("="))
        if not equals or not value:
            raise UsageError(f"target `{text}`: expected KEY=VALUE, found `{setting}`")
        if key not in _FIELDS:
            raise UnknownName("target setting", key, _FIELDS)
        if _FIELDS[key] in changes:
            raise UsageError(f"target `{text}`: `{key}` is given twice")
        if key == "runtime" and value not in RUNTIMES:
            raise UnknownName("runtime", value, RUNTIMES)
        changes[_FIELDS[key]] = value if key == "runtime" else parse_size(value)
    return dataclasses.replace(target, name=text, **changes)  # type: ignore[arg-type]
