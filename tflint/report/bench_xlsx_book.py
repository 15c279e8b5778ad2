"""A workbook that is written cell by cell: looks, texts that cannot act, formulas with values.

Everything foreign is written as text of a cell. What looks like a formula carries Excel's own
mark for text as well, so that it stays text when somebody edits the cell.
"""

from __future__ import annotations

import io
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from tflint.errors import MissingExtra
from tflint.printable import printable
from tflint.version import __version__

# Limits of the format: rows of a sheet, UTF-16 units of a cell's text and of a sheet's name.
ROWS = 1_048_576
_MOST_IN_CELL = 32_767
_MOST_IN_NAME = 31
# What a foreign text is cut at; it may become ten times as long when it is made visible.
MOST_TEXT = 2_000
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
# How the format writes characters that XML has not, which programs take back in a sheet's name.
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
# In a formula the name of a sheet would look like a call to what writes it.
_CALL = re.compile(r"(?<=\S)\(")
_AT_ENDS = re.compile(r"^[\s']+|[\s']+\Z")
_ACTIVE = ("=", "+", "-", "@")

INK, FAINT, LINE = "#1B1F24", "#6B7280", "#C9D1D9"
DARK, MIDDLE, LIGHT = "#1F3A4D", "#35607A", "#E6EEF3"
GOOD, GOOD_FILL, PALE_FILL = "#0B6B3A", "#BFE6CB", "#EAF7EE"
BAD, BAD_FILL = "#A11B1B", "#FBE3E1"
WARN, WARN_FILL = "#7A5200", "#FFF1CC"


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell is drawn; `number` is a format of Excel."""

    number: str = ""
    bold: bool = False
    italic: bool = False
    ink: str = INK
    fill: str = ""
    wrap: bool = False
    align: str = ""
    middle: bool = False
    above: bool = False
    below: bool = False
    size: float = 10
    indent: bool = False
    underline: bool = False

    def properties(self, quoted: bool) -> dict[str, object]:
        """As the library has it."""
        made: dict[str, object] = {
            "font_color": self.ink,
            "font_size": self.size,
            "valign": "vcenter" if self.middle else "top",
        }
        if self.number:
            made["num_format"] = self.number
        if self.fill:
            made["bg_color"] = self.fill
        if self.align:
            made["align"] = self.align
        if self.indent:
            made.update({"align": "left", "indent": 1})
        for name, is_set in (("bold", self.bold), ("italic", self.italic)):
            if is_set:
                made[name] = True
        if self.wrap:
            made["text_wrap"] = True
        if self.underline:
            made["underline"] = 1
        for side, is_drawn in (("top", self.above), ("bottom", self.below)):
            if is_drawn:
                made.update({side: 1, f"{side}_color": LINE})
        if quoted:
            made["quote_prefix"] = True
        return made


PLAIN = Look()
HEAD = Look(bold=True, ink="#FFFFFF", fill=DARK, wrap=True, align="center", middle=True)
SUBHEAD = Look(bold=True, ink="#FFFFFF", fill=MIDDLE, wrap=True, align="center", middle=True)
TITLE = Look(bold=True, ink=DARK, size=16, middle=True)
HEADING = Look(bold=True, ink=DARK, size=12, middle=True)
NOTE = Look(italic=True, ink=FAINT)
COUNT = Look(number="#,##0")
TIME = Look(number="#,##0.00")
KB = Look(number="#,##0.00")
PERCENT = Look(number="0.00")
# Words behind a column of figures, which stand at its right edge.
WORDS = Look(indent=True)
CENTRED = Look(align="center")
# Points of a row for each line of its text.
_LINE_HEIGHT = 13.5
# Characters of these fonts, beside those that the width of a column is counted in.
_PER_WIDTH = 1.2


class Page:
    """One sheet. Rows and columns count from 0."""

    def __init__(self, book: Book, name: str) -> None:
        self.name = name
        self._book = book
        self.sheet: Any = book.workbook.add_worksheet(name)
        self.sheet.hide_gridlines(2)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
        self.sheet.set_header("&L&9&A&R&9tflint bench")
        self.sheet.set_footer("&R&9Page &P of &N")

    def text(self, row: int, column: int, text: str, look: Look = PLAIN) -> None:
        """Words of this program."""
        self._write(row, column, fitting(text), self._book.format(look))

    def foreign(self, row: int, column: int, text: str, look: Look = PLAIN) -> None:
        """A text from a model, a path or a data file."""
        shown = foreign_text(text)
        self._write(row, column, shown, self._book.format(look, shown.startswith(_ACTIVE)))

    def _write(self, row: int, column: int, text: str, format: object) -> None:
        if text:
            self.sheet.write_string(row, column, text, format)
        else:
            self.sheet.write_blank(row, column, None, format)

    def number(self, row: int, column: int, number: float | None, look: Look = COUNT) -> None:
        """A figure; an empty cell where there is none."""
        if number is None or not math.isfinite(number):
            self.sheet.write_blank(row, column, None, self._book.format(look))
        else:
            self.sheet.write_number(row, column, number, self._book.format(look))

    def formula(
        self, row: int, column: int, formula: str, value: float, look: Look = COUNT
    ) -> None:
        """A formula and what it comes to, which is what readers see that do not compute."""
        self.sheet.write_formula(row, column, formula, self._book.format(look), value)

    def blanks(self, row: int, columns: Iterable[int], look: Look) -> None:
        """Cells with no more than their look."""
        for column in columns:
            self.sheet.write_blank(row, column, None, self._book.format(look))

    def link(
        self, row: int, column: int, to: tuple[Page, int, int], text: str, look: Look = PLAIN
    ) -> None:
        """A foreign text that leads to a cell of the workbook."""
        page, to_row, to_column = to
        shown = foreign_text(text)
        self.sheet.write_url(
            row,
            column,
            f"internal:{page.reference(to_row, to_column)}",
            self._book.format(look, shown.startswith(_ACTIVE)),
            string=shown or "-",
        )

    def merged(
        self, rows: tuple[int, int], columns: tuple[int, int], text: str, look: Look
    ) -> None:
        """One cell over several, both ends included, with a text made safe by the caller."""
        shown = fitting(text)
        format = self._book.format(look, shown.startswith(_ACTIVE))
        if rows[0] != rows[1] or columns[0] != columns[1]:
            self.sheet.merge_range(rows[0], columns[0], rows[1], columns[1], "", format)
        self._write(rows[0], columns[0], shown, format)

    @property
    def prefix(self) -> str:
        """What formulas of other sheets put before a cell."""
        return f"{quoted_name(self.name)}!"

    def reference(self, row: int, column: int) -> str:
        """How formulas of other sheets call a cell."""
        return f"{self.prefix}{cell(row, column)}"

    def mark(self, area: tuple[int, int, int, int], options: dict[str, object]) -> None:
        """A conditional format; its `look` becomes one of the library's."""
        look = options.pop("look", None)
        if isinstance(look, Look):
            plain: dict[str, object] = {"font_color": look.ink}
            if look.fill:
                plain["bg_color"] = look.fill
            if look.bold:
                plain["bold"] = True
            options["format"] = self._book.workbook.add_format(plain)
        self.sheet.conditional_format(*area, options)

    def printed(self, last_row: int, last_column: int, *, pages_down: int = 0) -> None:
        """What is printed: from the first cell to this one, a page wide."""
        self.sheet.print_area(0, 0, last_row, last_column)
        self.sheet.fit_to_pages(1, pages_down)

    def high_enough(self, row: int, text: str, width: float) -> None:
        """Make room for a text that does not fit on one line; programs differ in doing it."""
        lines = line_count(text, width)
        if lines > 1:
            self.sheet.set_row(row, lines * _LINE_HEIGHT)

    def widths(self, widths: Sequence[float]) -> None:
        """Those of the columns from the first on, in characters."""
        for column, width in enumerate(widths):
            self.sheet.set_column(column, column, width)


class Book:
    """The workbook; raises `MissingExtra` without XlsxWriter."""

    def __init__(self) -> None:
        try:
            import xlsxwriter
        except ImportError as error:
            raise MissingExtra("a workbook (xlsx)", "report") from error
        self._stream = io.BytesIO()
        self.workbook: Any = xlsxwriter.Workbook(
            self._stream,
            {
                "in_memory": True,
                "constant_memory": False,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "use_zip64": False,
            },
        )
        self._formats: dict[tuple[Look, bool], object] = {}
        self._taken: set[str] = {"history"}

    def free_name(self, name: str) -> str:
        """A name that no other sheet has, as near to this one as the format takes it."""
        wanted = sheet_name(name)
        found, number = wanted, 2
        while _folded(found) in self._taken:
            tail = f" ({number})"
            found = _cut(wanted, _MOST_IN_NAME - len(tail)).rstrip() + tail
            number += 1
        self._taken.add(_folded(found))
        return found

    def page(self, name: str) -> Page:
        """A sheet behind those there are, by a name from `free_name`."""
        return Page(self, name)

    def format(self, look: Look, quoted: bool = False) -> object:
        """The library's object for a look."""
        key = (look, quoted)
        if key not in self._formats:
            self._formats[key] = self.workbook.add_format(look.properties(quoted))
        return self._formats[key]

    def chart(self, kind: str, subkind: str | None = None) -> Any:
        """A chart that is not on any sheet yet."""
        options = {"type": kind} if subkind is None else {"type": kind, "subtype": subkind}
        return self.workbook.add_chart(options)

    def finished(self, started: str) -> bytes:
        """The file, the same for the same report."""
        self.workbook.set_properties(
            {
                "title": "tflint bench",
                "comments": f"tflint {__version__}",
                "created": _moment(started),
            }
        )
        self.workbook.close()
        return self._stream.getvalue()


def sheet_name(name: str) -> str:
    """The name without what sheets may not be called; it may be taken already."""
    safe = _ESCAPE.sub("-", _NOT_IN_NAMES.sub("_", printable(name, 200)))
    safe = _cut(_CALL.sub(" (", safe), _MOST_IN_NAME)
    safe = _AT_ENDS.sub("", safe) or "Model"
    return f"{safe}_" if _folded(safe) == "history" else safe


def foreign_text(text: str, most: int = MOST_TEXT) -> str:
    """The text with everything invisible or active made visible, cut at `most` characters."""
    return fitting(printable(text, most))


def fitting(text: str) -> str:
    """As much of the text as a cell takes."""
    return text if len(text) * 2 <= _MOST_IN_CELL else _cut(text, _MOST_IN_CELL)


def line_count(text: str, width: float) -> int:
    """The lines that a text takes, about, in a column of this width."""
    most = max(int(width * _PER_WIDTH), 1)
    return sum(max(-(-len(line) // most), 1) for line in text.split("\n"))


def quoted_name(name: str) -> str:
    """A sheet's name in formulas."""
    return "'" + name.replace("'", "''") + "'"


def column_letters(column: int) -> str:
    """`A` for 0, `AA` for 26."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def cell(row: int, column: int, *, fixed: bool = False) -> str:
    """`B3` for row 2, column 1; `$B$3` if it is to stay that when the formula is moved."""
    letters = column_letters(column)
    return f"${letters}${row + 1}" if fixed else f"{letters}{row + 1}"


def area(first_row: int, last_row: int, column: int, *, fixed: bool = False) -> str:
    """`B3:B9` for a part of a column, both ends included."""
    return f"{cell(first_row, column, fixed=fixed)}:{cell(last_row, column, fixed=fixed)}"


def _cut(text: str, most: int) -> str:
    """As many characters as UTF-16 writes with `most` units."""
    units = 0
    for place, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1
        if units > most:
            return text[:place]
    return text


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _moment(started: str) -> datetime:
    """The time in UTC without a zone, as the library takes it; a fixed one where there is none."""
    try:
        # Python 3.10 does not know the letter for no offset.
        moment = datetime.fromisoformat(re.sub(r"Z\Z", "+00:00", started))
        if moment.tzinfo is not None:
            moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return datetime(2000, 1, 1)
    return moment
