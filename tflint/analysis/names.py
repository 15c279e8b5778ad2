"""Every name in a model, where it stands, and what in it is meant to act on a reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from tflint.model.tables import Model

# Fused operators carry all their names, a few hundred bytes; no converter comes near this.
MOST_BYTES = 4096


class Holder(Enum):
    """What a name belongs to, as far as it matters who reads it."""

    GRAPH = auto()
    INTERFACE = auto()
    OPERATOR = auto()


@dataclass(frozen=True, slots=True)
class Named:
    """A name and where in the model it stands; `is_prose` for the description."""

    text: str
    where: str
    holder: Holder = Holder.GRAPH
    subgraph: int | None = None
    tensor: int | None = None
    is_prose: bool = False

    @property
    def size(self) -> int:
        """Bytes of the name in the file."""
        return len(self.text.encode("utf-8", "surrogateescape"))


class Problem(Enum):
    """What a name does: how one and how several are described, and what comes of it."""

    CONTROL = (
        "holds control characters",
        "hold control characters",
        "a terminal or a log viewer that is given them unescaped obeys them",
    )
    DIRECTION = (
        "turns the direction of text",
        "turn the direction of text",
        "what is shown is not in the order in which it is stored",
    )
    INVISIBLE = (
        "holds invisible characters",
        "hold invisible characters",
        "names that look the same are not",
    )
    ENCODING = (
        "is not UTF-8",
        "are not UTF-8",
        "readers that decode names as the format says fail on the file",
    )
    MARKUP = (
        "holds markup",
        "hold markup",
        "a page or report that shows them unescaped follows it",
    )
    FORMULA = (
        "reads as a formula",
        "read as formulas",
        "a spreadsheet that an export is opened in computes it",
    )
    LENGTH = (
        "is longer than 4 KiB",
        "are longer than 4 KiB",
        "converters write a few hundred bytes at most",
    )

    @property
    def one(self) -> str:
        """What one such name does."""
        return self.value[0]

    @property
    def many(self) -> str:
        """What several such names do."""
        return self.value[1]

    @property
    def consequence(self) -> str:
        """What comes of it."""
        return self.value[2]


# Controls of both blocks; the line and paragraph separators break lines as well.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Of the description, which is prose and may have lines.
_PROSE_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Zero-width and filler characters, byte order marks, tags. Joiners count unless they follow a
# character of a script that is written with them.
_INVISIBLE = re.compile(
    "(?:(?<=[\x00-\x7f])|^)[\u200c\u200d]"
    "|[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# `str(..., "surrogateescape")` leaves bytes that are not UTF-8 as these.
_ENCODING = re.compile("[\ud800-\udfff]")
# Tags by the names that HTML and SVG have, any closing tag, comments and the like. Python puts
# `<lambda>` and `<locals>` into names, which are none of these.
_TAGS = (
    "a|applet|audio|b|base|body|br|button|div|embed|form|frame|frameset|h[1-6]|head|hr|html|i|"
    "iframe|img|input(?=[\\s/])|link|marquee|math|meta|object(?= +\\w+=)|p|picture|pre|script|"
    "select|source|span|style|svg|table|td|template|textarea|th|title|tr|u|ul|video|xml"
)
_RICH = (
    "b|bold|blink|black|blue|bright_[a-z]+|conceal|cyan|dim|green|i|italic|link|magenta|not|on|"
    "red|reverse|strike|u|underline|white|yellow"
)
_MARKUP = re.compile(
    rf"<(?:{_TAGS})[\s/>]|<script|</[a-z][a-z0-9]*\s*>|<!--|<!doctype|<!\[cdata\[|<\?xml|\]\]>"
    r"|<[a-z][^<>]*\son[a-z]+\s*="
    rf"|\[(?:{_RICH})(?: [a-z_ ]+)?\]|\[/[a-z _]*\]|\[(?:link|@[a-z]+)="
    r"|\]\((?:https?|ftp|file|data):|javascript:",
    re.IGNORECASE,
)
# An equals sign begins no name. Signs and @ may, so there it takes what only a formula has. The
# last are the commands that GitHub reads off a log.
_FORMULA = re.compile(r"\s*=|\s*[-+@][^(|!]{0,200}[(|!]|::[a-z-]+(?: [^:]{0,200})?::")


def names(model: Model) -> Iterator[Named]:
    """Every name of a model, in the order of the file's tables. Indices may lead anywhere."""
    if model.description:
        yield Named(model.description, "the description", is_prose=True)
    for i, code in enumerate(model.operator_codes):
        if code.custom_code:
            yield Named(code.custom_code, f"operator code {i}", Holder.OPERATOR)
    for g, subgraph in enumerate(model.subgraphs):
        if subgraph.name:
            yield Named(subgraph.name, f"subgraph {g}", subgraph=g)
        for t, tensor in enumerate(subgraph.tensors):
            if tensor.name:
                yield Named(tensor.name, f"tensor {t}", subgraph=g, tensor=t)
    for i, metadata in enumerate(model.metadata):
        if metadata.name:
            yield Named(metadata.name, f"metadata {i}", Holder.INTERFACE)
    for i, signature in enumerate(model.signature_defs):
        if signature.signature_key:
            yield Named(signature.signature_key, f"signature {i}", Holder.INTERFACE)
        for what, maps in (("input", signature.inputs), ("output", signature.outputs)):
            for j, entry in enumerate(maps):
                if entry.name:
                    where = f"{what} {j} of signature {i}"
                    yield Named(entry.name, where, Holder.INTERFACE)
    for i, group in enumerate(model.external_buffer_groups):
        if group.name:
            yield Named(group.name, f"external buffer group {i}", Holder.INTERFACE)


def problems(named: Named) -> list[Problem]:
    """What is wrong with a name, in time linear in its length."""
    text = named.text
    found = []
    if not (text.isascii() and text.isprintable()):
        control = _PROSE_CONTROL if named.is_prose else _CONTROL
        found = [
            problem
            for problem, pattern in (
                (Problem.CONTROL, control),
                (Problem.DIRECTION, _DIRECTION),
                (Problem.INVISIBLE, _INVISIBLE),
                (Problem.ENCODING, _ENCODING),
            )
            if pattern.search(text)
        ]
    if _MARKUP.search(text):
        found.append(Problem.MARKUP)
    if _FORMULA.match(text) and not named.is_prose:
        found.append(Problem.FORMULA)
    # A character takes four bytes at most.
    if len(text) * 4 > MOST_BYTES and named.size > MOST_BYTES:
        found.append(Problem.LENGTH)
    return found
