"""The boards: every figure is there, plausible, and consistent with the core and the part."""

from __future__ import annotations

import importlib.resources
import re
import subprocess
import sys
from collections import defaultdict
from urllib.parse import urlsplit

import pytest

from tflint.errors import UnknownName, UsageError
from tflint.report.style import plain
from tflint.report.target_table import render_text
from tflint.target.target import (
    Target,
    find_target,
    generic_targets,
    matching_targets,
    named_targets,
    parse_clock,
)

KIB, MIB = 1024, 1024 * 1024
BOARDS = [target for target in named_targets().values() if target.is_board]
every_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)

# Where each vendor publishes.
DOMAINS = {
    "Adafruit": "adafruit.com",
    "Alif Semiconductor": "alifsemi.com",
    "Ambiq": "ambiq.com",
    "Analog Devices": "analog.com",
    "Arduino": "arduino.cc",
    "Espressif": "espressif.com",
    "Infineon": "infineon.com",
    "Micro:bit Educational Foundation": "microbit.org",
    "Microchip": "microchip.com",
    "Nordic Semiconductor": "nordicsemi.com",
    "NXP": "nxp.com",
    "OpenMV": "openmv.io",
    "PJRC": "pjrc.com",
    "Raspberry Pi": "raspberrypi.com",
    "Renesas": "renesas.com",
    "Seeed Studio": "seeedstudio.com",
    "SiFive": "sifive.com",
    "Silicon Labs": "silabs.com",
    "Sipeed": "sipeed.com",
    "Sony": "sony.com",
    "SparkFun": "sparkfun.com",
    "STMicroelectronics": "st.com",
    "Texas Instruments": "ti.com",
    "WCH": "wch-ic.com",
}
# What the architecture allows: DSP extension, MVE, and the FPUs that parts have.
CORES = {
    "cortex-m0plus": (False, False, {"none"}),
    "cortex-m3": (False, False, {"none"}),
    "cortex-m4": (True, False, {"none", "single"}),
    "cortex-m7": (True, False, {"single", "double"}),
    "cortex-m33": (True, False, {"none", "single"}),
    "cortex-m55": (True, True, {"single", "double"}),
    "cortex-m85": (True, True, {"single", "double"}),
    "esp32": (False, False, {"none", "single"}),
    "riscv32": (False, False, {"none", "single"}),
}
# The microcontroller family by the start of its name, and its core.
PARTS = {
    "AE722": "cortex-m55",
    "Apollo3": "cortex-m4",
    "Apollo4": "cortex-m4",
    "Apollo510": "cortex-m55",
    "AT91SAM3": "cortex-m3",
    "ATSAMD21": "cortex-m0plus",
    "ATSAMD51": "cortex-m4",
    "ATSAME54": "cortex-m4",
    "ATSAME70": "cortex-m7",
    "CC1352": "cortex-m4",
    "CH32V": "riscv32",
    "CXD5602": "cortex-m4",
    "CY8C6": "cortex-m4",
    "EFR32MG12": "cortex-m4",
    "EFR32MG24": "cortex-m33",
    "ESP32-C": "riscv32",
    "ESP32-P": "riscv32",
    "ESP32-S": "esp32",
    "FE310": "riscv32",
    "GD32VF": "riscv32",
    "LPC55": "cortex-m33",
    "MAX78000": "cortex-m4",
    "MCXN": "cortex-m33",
    "MGM240": "cortex-m33",
    "MIMXRT1": "cortex-m7",
    "MIMXRT5": "cortex-m33",
    "MIMXRT6": "cortex-m33",
    "MK64": "cortex-m4",
    "MK66": "cortex-m4",
    "MKL": "cortex-m0plus",
    "MSP432P": "cortex-m4",
    "R7FA4M1": "cortex-m4",
    "R7FA6M3": "cortex-m4",
    "R7FA6M4": "cortex-m33",
    "R7FA6M5": "cortex-m33",
    "R7FA8": "cortex-m85",
    "RP2040": "cortex-m0plus",
    "RP2350": "cortex-m33",
    "SAMD21": "cortex-m0plus",
    "STM32F1": "cortex-m3",
    "STM32F4": "cortex-m4",
    "STM32F7": "cortex-m7",
    "STM32G0": "cortex-m0plus",
    "STM32G4": "cortex-m4",
    "STM32H5": "cortex-m33",
    "STM32H7": "cortex-m7",
    "STM32L1": "cortex-m3",
    "STM32L4": "cortex-m4",
    "STM32L5": "cortex-m33",
    "STM32N6": "cortex-m55",
    "STM32U5": "cortex-m33",
    "STM32WB": "cortex-m4",
    "TM4C": "cortex-m4",
    "XMC4": "cortex-m4",
    "nRF52": "cortex-m4",
    "nRF53": "cortex-m33",
    "nRF54L": "cortex-m33",
    "nRF91": "cortex-m33",
}
# Flash and RAM that are published for parts without chips beside them, as an independent check.
SIZES = {
    "nRF52832": (512 * KIB, 64 * KIB),
    "nRF52833": (512 * KIB, 128 * KIB),
    "nRF52840": (MIB, 256 * KIB),
    "nRF5340": (MIB, 512 * KIB),
    "Apollo3 Blue": (MIB, 384 * KIB),
    "R7FA4M1": (256 * KIB, 32 * KIB),
    "SAMD21G18": (256 * KIB, 32 * KIB),
    "ATSAMD21": (256 * KIB, 32 * KIB),
    "ATSAMD51J19": (512 * KIB, 192 * KIB),
    "STM32F746": (MIB, 320 * KIB),
    "STM32H74": (2 * MIB, 992 * KIB),
    "STM32U5": (2 * MIB, 784 * KIB),
}
# Flash of STM32 parts by the letter behind their pins, in KiB (the ordering information of
# every data sheet). N6 has none.
STM32_FLASH = {"6": 32, "8": 64, "B": 128, "C": 256, "E": 512, "G": 1024, "I": 2048}


def test_there_are_boards_of_every_kind() -> None:
    assert len(BOARDS) >= 100
    assert {board.vendor for board in BOARDS} == set(DOMAINS)
    assert {board.core for board in BOARDS} == set(CORES)
    for name in ("arduino-nano-33-ble", "stm32f746-disco", "esp32-s3-devkitc"):
        assert find_target(name).is_board


def test_names_are_unique_whatever_their_case_and_kind() -> None:
    uses: dict[str, list[str]] = defaultdict(list)
    for target in named_targets().values():
        for name in (target.name, *target.aliases):
            uses[name.lower()].append(target.name)

    assert {name: of for name, of in uses.items() if len(of) > 1} == {}


@every_board
def test_every_field_is_there(board: Target) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", board.name)
    assert all(re.fullmatch(r"[a-z0-9]+([-.][a-z0-9]+)*", alias) for alias in board.aliases)
    for value in (board.description, board.part, board.vendor, board.source):
        assert value
        assert value == value.strip()
    assert board.core in generic_targets()
    assert board.fpu in {"none", "single", "double"}
    assert board.note is None or board.note.endswith(".")


@every_board
def test_the_figures_are_plausible(board: Target) -> None:
    assert board.flash_bytes
    assert board.ram_bytes
    assert board.clock_hz
    assert 32 * KIB <= board.flash_bytes <= 128 * MIB
    assert 8 * KIB <= board.ram_bytes <= 16 * MIB
    assert 16e6 <= board.clock_hz <= 1.2e9
    assert board.flash_bytes % KIB == 0
    assert board.ram_bytes % KIB == 0
    # The two parts with more memory than flash load their programs, or bring much SRAM.
    assert board.flash_bytes > board.ram_bytes or board.part in {"AE722F80F55D5", "Apollo4 Plus"}


@every_board
def test_the_source_is_the_vendors_own_page(board: Target) -> None:
    url = urlsplit(board.source or "")
    domain = DOMAINS[board.vendor or ""]

    assert url.scheme == "https"
    assert url.hostname == domain or (url.hostname or "").endswith(f".{domain}")
    assert len(url.path) > 1 or url.hostname != domain


@every_board
def test_the_core_can_do_what_it_is_said_to(board: Target) -> None:
    dsp, mve, fpus = CORES[board.core or ""]

    assert (board.dsp, board.mve) == (dsp, mve)
    assert board.fpu in fpus


@every_board
def test_the_part_has_this_core(board: Target) -> None:
    if board.part == "ESP32":
        assert board.core == "esp32"
        return
    prefixes = [prefix for prefix in PARTS if (board.part or "").startswith(prefix)]

    assert prefixes
    assert board.core == PARTS[max(prefixes, key=len)]


@every_board
def test_the_runtime_is_what_the_core_has_kernels_for(board: Target) -> None:
    assert board.runtime_name == ("tflm-cmsis-nn" if board.dsp else "tflm")


@every_board
def test_flash_is_what_the_parts_name_says(board: Target) -> None:
    part = board.part or ""
    if part.startswith("STM32") and not part.startswith("STM32N6"):
        # STM32 F746 Z G: family and line, pins, flash.
        match = re.fullmatch(r"STM32(?:WB55|[A-Z]\w{3})\w([0-9A-Z])\w*", part)
        assert match
        assert board.flash_bytes == STM32_FLASH[match[1]] * KIB


def test_boards_with_the_same_part_have_the_same_memory() -> None:
    for start, (flash, ram) in SIZES.items():
        found = [board for board in BOARDS if (board.part or "").startswith(start)]
        assert found, start
        for board in found:
            assert (board.flash_bytes, board.ram_bytes) == (flash, ram), board.name
    by_part: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for board in BOARDS:
        by_part[board.part or ""].add((board.core, board.ram_bytes, board.fpu, board.clock_hz))
    assert {part: found for part, found in by_part.items() if len(found) > 1} == {}


def test_every_vendors_file_says_who_it_is_once() -> None:
    folder = importlib.resources.files("tflint.target") / "boards"
    vendors = [
        re.findall(r"^vendor = ", file.read_text(encoding="utf-8"), re.MULTILINE)
        for file in folder.iterdir()
    ]

    assert len(vendors) == len(DOMAINS)
    assert {len(found) for found in vendors} == {1}


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("arduino-nano-33-ble-sense", "arduino-nano-33-ble"),
        ("stm32f746g-disco", "stm32f746-disco"),
        ("teensy-4.1", "teensy-41"),
        ("rpi-pico", "raspberry-pi-pico"),
    ],
)
def test_an_alias_is_the_board(alias: str, name: str) -> None:
    assert find_target(alias) is find_target(name)
    assert find_target(f"{alias}:ram=1K").ram_bytes == KIB


def test_an_inline_board_keeps_what_is_not_set() -> None:
    board = find_target("arduino-nano-33-ble:ram=64K")

    assert (board.flash_bytes, board.ram_bytes) == (MIB, 64 * KIB)
    assert (board.runtime_name, board.core, board.fpu) == ("tflm-cmsis-nn", "cortex-m4", "single")


def test_a_core_brings_what_it_has() -> None:
    target = find_target("tflm-cmsis-nn:core=cortex-m55,clock=160MHz")

    assert (target.core, target.dsp, target.mve) == ("cortex-m55", True, True)
    assert (target.runtime_name, target.clock_hz) == ("tflm-cmsis-nn", 160_000_000)
    with pytest.raises(UnknownName, match="did you mean `cortex-m85`"):
        find_target("tflm:core=cortex-m86")
    with pytest.raises(UnknownName, match="unknown core"):
        find_target("tflm:core=litert")


@pytest.mark.parametrize(
    ("text", "hertz"),
    [
        ("64MHz", 64_000_000),
        ("38.4 MHz", 38_400_000),
        ("1GHz", 10**9),
        ("1000", 1000),
        ("8k", 8000),
    ],
)
def test_clocks(text: str, hertz: int) -> None:
    assert parse_clock(text) == hertz


@pytest.mark.parametrize("text", ["", "fast", "-1MHz", "1e6", "1.MHz", "64 MHz Hz"])
def test_what_is_no_clock(text: str) -> None:
    with pytest.raises(UsageError, match="is not a clock"):
        parse_clock(text)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("arduino-nano-33-bel", "arduino-nano-33-ble"),
        ("STM32F746-DISCO", "stm32f746-disco"),
        ("esp32-s3-devkit", "esp32-s3-devkitc"),
        ("teensy-4.2", "teensy-4."),
    ],
)
def test_a_near_miss_is_suggested(wrong: str, right: str) -> None:
    with pytest.raises(UnknownName, match=f"did you mean `{re.escape(right)}"):
        find_target(wrong)


@pytest.mark.parametrize("name", ["[vendor]", "vendor", "Arduino", 'x"]', "cortex", "]\n["])
def test_what_stands_in_the_files_is_not_a_name(name: str) -> None:
    with pytest.raises(UnknownName):
        find_target(name)


@pytest.mark.parametrize(
    ("text", "some", "not_others"),
    [
        ("esp", "xiao-esp32s3", "nrf52840-dk"),
        ("nordic", "thingy53", "arduino-nano-33-ble"),
        ("NRF52840", "arduino-nano-33-ble", "nrf52-dk"),
        ("cortex-m85", "cortex-m85", "ek-ra8m1"),
        ("m85", "ek-ra8m1", "cortex-m7"),
    ],
)
def test_targets_can_be_searched(text: str, some: str, not_others: str) -> None:
    found = {target.name for target in matching_targets(text)}

    assert some in found
    assert not_others not in found


def test_the_default_target_parses_no_board() -> None:
    """Start-up pays for what it needs: not one vendor's file is read."""
    code = (
        "import tflint.target.target as t\n"
        "t.find_target('tflm')\n"
        "print(t._board_files.cache_info().currsize, t._vendor.cache_info().currsize)\n"
        "t.find_target('nrf52840-dk')\n"
        "print(t._vendor.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["0", "0", "1"]


def test_the_table_fits_a_terminal() -> None:
    lines = plain(render_text(list(named_targets().values()))).splitlines()

    assert max(map(len, lines)) <= 100
