"""`.keras` files: what zip archives must not do, and what is decompressed of them."""

from __future__ import annotations

import io
import stat
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tflint.archive.reader import read_bytes, zip_of_config
from tflint.archive.zip_archive import read_zip
from tflint.errors import MalformedArchive, UnreadableModel

CONFIG = '{"class_name": "Sequential", "config": {"name": "s", "layers": []}}'
SOUND = zip_of_config({"class_name": "Sequential", "config": {"name": "s", "layers": []}})


def archive(*entries: tuple[str | zipfile.ZipInfo, bytes | str], config: str = CONFIG) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as written:
        if config:
            written.writestr("config.json", config)
        for name, content in entries:
            written.writestr(name, content)
    return data.getvalue()


def info(name: str, mode: int = 0, method: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    entry.compress_type = method
    return entry


def with_sizes(data: bytes, name: bytes, size: int) -> bytes:
    """The archive with another length for an entry, in both of its headers."""
    changed = bytearray(data)
    for signature, field, length in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        at = changed.find(signature)
        while at >= 0:
            if changed[at + length : at + length + len(name)] == name:
                struct.pack_into("<I", changed, at + field, size)
            at = changed.find(signature, at + 4)
    return bytes(changed)


def encrypted() -> bytes:
    changed = bytearray(archive(("metadata.json", "{}")))
    for signature, field in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.rfind(signature)
        changed[at + field] |= 1
    return bytes(changed)


def bomb() -> bytes:
    return archive((info("assets/x", method=zipfile.ZIP_DEFLATED), bytes(20_000_000)))


def doubled() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate"):
        return archive(("config.json", CONFIG))


def odd_method() -> bytes:
    return archive((info("config.json", method=zipfile.ZIP_LZMA), CONFIG), config="")


HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("above", lambda: archive(("../evil", "")), "outside of it: `../evil`"),
    ("deep above", lambda: archive(("a/../../evil", "")), "outside of it"),
    ("absolute", lambda: archive(("/etc/cron.d/evil", "")), "outside of it"),
    ("backslashes", lambda: archive(("..\\evil", "")), "outside of it"),
    ("a drive", lambda: archive(("C:/evil", "")), "outside of it"),
    ("odd name", lambda: archive(("a\\b", "")), "odd name"),
    ("controls", lambda: archive(("../\x1b[2J", "")), r"outside of it: `../\\x1b\[2J`"),
    ("a link", lambda: archive((info("link", stat.S_IFLNK | 0o777), "/etc/passwd")), "symbolic"),
    ("encrypted", encrypted, "encrypted"),
    ("two of a name", doubled, "two entries called `config.json`"),
    ("a bomb", bomb, "a zip bomb"),
    ("too short", lambda: with_sizes(SOUND, b"config.json", 9999), "damaged|shorter"),
    ("too long", lambda: with_sizes(SOUND, b"config.json", 3), "damaged|longer"),
    ("huge", lambda: with_sizes(SOUND, b"config.json", 1 << 31), "zip bomb|larger"),
    ("packed oddly", odd_method, "does not use"),
    ("nothing", lambda: archive(config=""), "no `config.json`"),
    ("cut off", lambda: SOUND[:-30], "damaged"),
    ("only an end", lambda: SOUND[-22:], "damaged|no `config.json`"),
]


@pytest.mark.parametrize(
    ("build", "says"), [each[1:] for each in HOSTILE], ids=[each[0] for each in HOSTILE]
)
def test_hostile_archives_are_refused_in_a_sentence(build: Callable[[], bytes], says: str) -> None:
    data = build()
    tracemalloc.start()
    begin = time.process_time()
    with pytest.raises(MalformedArchive, match=says):
        read_bytes(data)
    assert time.process_time() - begin < 2
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_directory_of_a_million_entries_is_not_read() -> None:
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *(0,) * 15, 0)
    names = entry * 100_000
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 65535, 65535, len(names), 0, 0)

    with pytest.raises(MalformedArchive, match="directory of more than"):
        read_zip(io.BytesIO(names + end))


def test_what_is_not_read_may_be_large() -> None:
    data = archive(("model.weights.h5", bytes(3_000_000)), ("metadata.json", "{}"))

    content = read_zip(io.BytesIO(data))
    assert (content.config, content.metadata, content.pickles) == (CONFIG.encode(), b"{}", ())


def test_pickles_are_found_by_name_and_by_what_they_begin_with() -> None:
    data = archive(("assets/a.PKL", b"x"), ("assets/b", b"\x80\x04\x95"), ("assets/c.txt", b"\x80"))

    assert read_zip(io.BytesIO(data)).pickles == ("assets/a.PKL", "assets/b")


@settings(max_examples=150)
@given(st.data())
def test_changed_bytes_are_one_error_or_a_sound_archive(data: st.DataObject) -> None:
    content = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_bytes(bytes(content))
    except UnreadableModel:
        return
