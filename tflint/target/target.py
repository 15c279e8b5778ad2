"""Targets: a runtime on a core, with a budget of flash and RAM where there is one.

Runtimes and generic cores are in `targets.toml`. Boards are in `boards/`, a file a vendor; of
these no more is parsed than a name asks for, so that the default target costs nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tflint.errors import UnknownName, UsageError
from tflint.printable import printable
from tflint.target.runtime import RUNTIMES, Runtime, load_runtime

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEFAULT_TARGET = "tflm"

# No device has petabytes; `int` refuses numbers of thousands of digits.
_SIZE = re.compile(r"(\d{1,15})\s*(?:([KMG])(?:i?B)?|B)?", re.IGNORECASE)
_FACTORS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_CLOCK = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(k|M|G)?(?:Hz)?", re.IGNORECASE)
_COUNT = re.compile(r"(\d[\d_]{0,18}(?:\.\d{1,6})?)\s*([KMG])?", re.IGNORECASE)
_HERTZ = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3}
_SETTINGS = ("flash", "ram", "macs", "runtime", "core", "clock")


@dataclass(frozen=True, slots=True)
class Target:
    """What a model is checked for. Sizes in bytes, the clock in Hz; None where there is no limit.

    `core` names the generic target that says how the core computes. `fpu` is `none`, `single`
    or `double`, None where parts with this core differ. `dsp` is Arm's DSP extension, `mve` the
    vector extension. The rest is about boards: who makes them, the microcontroller, the page
    that the figures are from, and what flash and RAM leave out.

    `max_macs` are the multiply-accumulates that one inference may take.
    """

    name: str
    description: str
    runtime_name: str
    core: str | None = None
    flash_bytes: int | None = None
    ram_bytes: int | None = None
    max_macs: int | None = None
    clock_hz: int | None = None
    fpu: str | None = None
    dsp: bool = False
    mve: bool = False
    vendor: str | None = None
    part: str | None = None
    source: str | None = None
    note: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def runtime(self) -> Runtime:
        """The runtime with its kernels."""
        return load_runtime(self.runtime_name)

    @property
    def is_board(self) -> bool:
        """Whether this is hardware with a vendor, rather than a runtime or a core."""
        return self.vendor is not None


def parse_size(text: str) -> int:
    """Bytes from `20480`, `20K`, `1M` or `64KiB`; raises `UsageError`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"`{text}` is not a size; write it like 20480, 20K, 1M or 64KiB")
    return int(match[1]) * _FACTORS[(match[2] or "").upper()]


def parse_count(text: str) -> int:
    """A number of operations from `2500000`, `2.5M` or `300K`, where K is a thousand.

    Raises `UsageError`.
    """
    match = _COUNT.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"`{printable(text)}` is not a number like 2500000, 2.5M or 300K")
    return round(float(match[1].replace("_", "")) * _HERTZ[(match[2] or "").upper()])


def parse_clock(text: str) -> int:
    """Hz from `64MHz`, `38.4 MHz` or `1.5GHz`; raises `UsageError`."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"`{text}` is not a clock; write it like 64MHz or 64000000")
    return round(float(match[1]) * _HERTZ[(match[2] or "").upper()])


@functools.cache
def generic_targets() -> dict[str, Target]:
    """Runtimes and cores by name, in the order they are shown."""
    path = importlib.resources.files("tflint.target") / "targets.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: _target(name, entry) for name, entry in tables.items()}


@functools.cache
def named_targets() -> dict[str, Target]:
    """All targets that have a name: the generic ones, then the boards by vendor."""
    vendors = sorted((_vendor(text) for text in _board_files()), key=_vendor_of)
    boards = {board.name: board for vendor in vendors for board in vendor}
    return {**generic_targets(), **boards}


def find_target(text: str) -> Target:
    """A target by name or alias, or inline as `cortex-m4:flash=256K,ram=64K,clock=80MHz`.

    The settings are flash, ram, macs, clock, runtime and core. Raises `UnknownName` or
    `UsageError`.
    """
    name, colon, settings = text.partition(":")
    target = generic_targets().get(name) or _find_board(name)
    if target is None:
        raise UnknownName("target", name, _all_names(), "`tflint targets` lists them")
    if not colon:
        return target
    changes: dict[str, Any] = {}
    given: set[str] = set()
    for setting in settings.split(","):
        key, equals, value = (part.strip() for part in setting.partition("="))
        if not equals or not value:
            raise UsageError(f"target `{text}`: expected KEY=VALUE, found `{setting}`")
        if key not in _SETTINGS:
            raise UnknownName("target setting", key, _SETTINGS)
        if key in given:
            raise UsageError(f"target `{text}`: `{key}` is given twice")
        given.add(key)
        changes |= _change(key, value)
    return dataclasses.replace(target, name=text, aliases=(), **changes)


def matching_targets(text: str | None) -> list[Target]:
    """All targets, the one that `find_target` finds, or those that hold this text somewhere.

    Looked through are names, aliases, vendors, parts and cores. Raises `UnknownName` when
    there is none, and `UsageError` as `find_target` does.
    """
    everything = named_targets()
    if text is None:
        return list(everything.values())
    if ":" in text or text in set(_all_names()):
        return [find_target(text)]
    wanted = text.casefold()
    found = [
        target
        for target in everything.values()
        if any(
            wanted in (word or "").casefold()
            for word in (target.name, target.vendor, target.part, target.core, *target.aliases)
        )
    ]
    return found or [find_target(text)]


def _change(key: str, value: str) -> dict[str, Any]:
    """The fields that a setting of an inline target changes, with their values."""
    if key == "runtime":
        if value not in RUNTIMES:
            raise UnknownName("runtime", value, RUNTIMES)
        return {"runtime_name": value}
    if key == "core":
        cores = {core: target for core, target in generic_targets().items() if core == target.core}
        if value not in cores:
            raise UnknownName("core", value, cores, f"cores are {', '.join(cores)}")
        core = cores[value]
        return {"core": value, "fpu": core.fpu, "dsp": core.dsp, "mve": core.mve}
    if key == "macs":
        return {"max_macs": parse_count(value)}
    if key == "clock":
        return {"clock_hz": parse_clock(value)}
    return {f"{key}_bytes": parse_size(value)}


def _find_board(name: str) -> Target | None:
    """The board of this name or alias; parses only the file that it is in."""
    for text in _board_files():
        if f"[{name}]" not in text and f'"{name}"' not in text:
            continue
        for board in _vendor(text):
            if name == board.name or name in board.aliases:
                return board
    return None


def _all_names() -> Iterator[str]:
    """Every name and alias."""
    for target in named_targets().values():
        yield target.name
        yield from target.aliases


@functools.cache
def _board_files() -> tuple[str, ...]:
    """The text of each vendor's file."""
    folder = importlib.resources.files("tflint.target") / "boards"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return tuple(f.read_text(encoding="utf-8") for f in files if f.name.endswith(".toml"))


@functools.cache
def _vendor(text: str) -> tuple[Target, ...]:
    """The boards of a vendor's file."""
    tables = tomllib.loads(text)
    vendor = tables.pop("vendor")
    return tuple(_target(name, {"vendor": vendor, **entry}) for name, entry in tables.items())


def _vendor_of(boards: tuple[Target, ...]) -> str:
    return (boards[0].vendor or "").casefold()


def _target(name: str, entry: dict[str, Any]) -> Target:
    return Target(
        name=name,
        description=entry["description"],
        runtime_name=entry["runtime"],
        core=entry.get("core"),
        flash_bytes=parse_size(entry["flash"]) if "flash" in entry else None,
        ram_bytes=parse_size(entry["ram"]) if "ram" in entry else None,
        clock_hz=parse_clock(entry["clock"]) if "clock" in entry else None,
        fpu=entry.get("fpu"),
        dsp=entry.get("dsp", False),
        mve=entry.get("mve", False),
        vendor=entry.get("vendor"),
        part=entry.get("part"),
        source=entry.get("source"),
        note=entry.get("note"),
        aliases=tuple(entry.get("aliases", ())),
    )
