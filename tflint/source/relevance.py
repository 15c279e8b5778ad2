"""Whether a source is worth parsing, by a scan of its bytes."""

from __future__ import annotations

# What comments to tflint begin with.
MARK = "tflint:"
# What code that has to do with Keras or its converters mentions, and comments to tflint.
_WORDS = (b"keras", b"tensorflow", b"tflite", MARK.encode())
# So little is parsed in any case, if it was named, to say that it cannot be.
SMALL_BYTES = 32 * 1024


def mentions_keras(data: bytes) -> bool:
    """Whether the bytes of a source mention Keras, its converters or tflint."""
    return any(word in data for word in _WORDS)


def mentions_tflint(text: str) -> bool:
    """Whether there may be a comment to tflint in a text, in capitals or not."""
    return MARK in text or MARK in text.lower()


def is_worth_parsing(data: bytes) -> bool:
    """Whether something can be found in a source that was named.

    In one that is UTF-16, or no text at all, no word would be found.
    """
    return len(data) <= SMALL_BYTES or mentions_keras(data) or b"\0" in data
