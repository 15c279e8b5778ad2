"""Cells of notebooks as Python: IPython's own syntax replaced, every position kept.

What IPython allows is in its `inputtransformer2`: magics and shell commands where a statement
begins, `x = %magic` and `x = !command`, and `?` for help. A cell with a cell magic is Python where
the magic runs its body as Python.
"""

from __future__ import annotations

import re

# Cell magics whose body is Python: those of IPython, and of packages that measure code.
_PYTHON_CELL = re.compile(
    r"(?:capture|debug|ipytest|memit|mprun|prun|pypy|python[23]?|pyinstrument|scalene|snakeviz|time|"
    r"timeit|wandb)"
)
# What runs the Python that stands behind it on the same line.
_PYTHON_LINES = frozenset(("memit", "prun", "time", "timeit"))
# Databricks writes the language of a cell as if it were a line magic.
_OTHER_LANGUAGES = frozenset(("bash", "fs", "html", "md", "md-sandbox", "r", "scala", "sh", "sql"))
# In a cell of one line IPython takes these for magics, `%` or not.
_AUTOMAGIC = re.compile(
    r"\s*(?:alias|cat|cd|clear|colors|conda|config|cp|dirs|edit|env|hist|history|ldir|less|load|"
    r"load_ext|ls|lsmagic|magic|mamba|man|matplotlib|mkdir|more|mv|pdoc|pinfo|pip|popd|prun|pushd|"
    r"pwd|pycat|pylab|quickref|recall|reload_ext|reset|rm|rmdir|run|store|sx|time|timeit|unalias|uv|"
    r"who|who_ls|whos|writefile|xdel)(?:\s+(?![=\s])|\Z)"
)

_CELL_MAGIC = re.compile(r"\s*%%\s*(?P<name>[\w-]*)")
_STATEMENT = re.compile(
    r"(?P<indent>[ \t\f]*)"
    r"(?:(?P<escape>%%?(?P<magic>[\w-]*)[ \t]*|!!?|\?\??|[,;/](?=\w))"
    r"|(?P<assigned>[\w.\[\]'\", \t*()]{1,200}=[ \t]*)(?:%(?P<from_magic>\w+)|!))"
)
_HELP = re.compile(r"[ \t]*%{0,2}[\w.*\[\]]+\?{1,2}[ \t]*(?=[\r\n]|\Z)")
_OPTIONS = re.compile(r"(?:-\w+(?:[ \t]*\d+)?[ \t]+)*")
# What brackets and the ends of lines can hide in, and those.
_TOKEN = re.compile(
    r"#[^\r\n]*"
    r"|(?P<triple>\"\"\"|''')"
    r"|\"(?:[^\"\\\r\n]|\\.)*\"?"
    r"|'(?:[^'\\\r\n]|\\.)*'?"
    r"|\\(?:\r\n|\r|\n)"
    r"|(?P<open>[(\[{])"
    r"|(?P<close>[)\]}])"
    r"|(?P<end>\r\n|\r|\n)",
    re.DOTALL,
)
_TRIPLE_ENDS = {
    mark: re.compile(
        rf"[^\\{mark[0]}]*(?:(?:\\.|{mark[0]}(?!{mark[1:]}))[^\\{mark[0]}]*)*{mark}", re.DOTALL
    )
    for mark in ('"""', "'''")
}
_REST_OF_LINE = re.compile(r"(?:[^\\\r\n]|\\(?:\r\n|\r|\n|.)?)*", re.DOTALL)
_NOT_LINE_END = re.compile(r"[^\r\n]")
# The last output: a name that stands for anything at all.
_ANYTHING = "_"


def is_python(text: str) -> bool:
    """Whether a cell's body is Python, going by the magic that it begins with."""
    magic = _CELL_MAGIC.match(text)
    if magic is not None:
        return _PYTHON_CELL.fullmatch(magic["name"]) is not None
    begin = _STATEMENT.match(text.lstrip())
    name = begin["magic"] if begin is not None else None
    return name not in _OTHER_LANGUAGES


def as_python(text: str, *, timed: bool = True) -> str:
    """A cell with IPython's syntax replaced by Python on the same lines.

    Statements that are kept keep their columns: those behind `%time` and the like where they
    are `timed`, which can only be one of a line.
    """
    if _AUTOMAGIC.match(text) and len(text.splitlines()) == 1:
        return _blank(text, "pass")
    magic = _CELL_MAGIC.match(text)
    position, kept = 0, []
    if magic is not None:
        position = _end_of_line(text, magic.end())
        kept.append(_blank(text[:position], ""))
    begins, depth = True, 0
    while position < len(text):
        if begins and depth == 0:
            end, python = _statement(text, position, timed)
            if end > position:
                kept.append(python)
                position = end
                begins = False
                continue
        token = _TOKEN.search(text, position)
        if token is None:
            kept.append(text[position:])
            break
        end, begins = token.end(), token["end"] is not None
        if token["triple"] is not None:
            closed = _TRIPLE_ENDS[token["triple"]].match(text, end)
            end = len(text) if closed is None else closed.end()
        depth += token["open"] is not None
        depth = max(depth - (token["close"] is not None), 0)
        kept.append(text[position:end])
        position = end
    return "".join(kept)


def _statement(text: str, start: int, timed: bool) -> tuple[int, str]:
    """Where a statement of IPython's ends, and Python for it; the start where it is none."""
    helped = _HELP.match(text, start)
    if helped is not None:
        indent = helped[0][: len(helped[0]) - len(helped[0].lstrip())]
        return helped.end(), f"{indent}pass"
    found = _STATEMENT.match(text, start)
    if found is None:
        return start, ""
    end = _end_of_line(text, found.end())
    rest = text[found.end() : end]
    if found["escape"] is not None:
        indent = found["indent"]
        if timed and found["magic"] in _PYTHON_LINES and rest.strip():
            options = _OPTIONS.match(rest)
            skipped = 0 if options is None else options.end()
            width = found.end() - found.start() - len(indent) + skipped
            return end, indent + "if 1:".ljust(width) + rest[skipped:]
        return end, indent + _blank(text[start + len(indent) : end], "pass")
    if timed and found["from_magic"] == "time":
        return end, found["assigned"] + " " * len("%time") + rest
    return end, found["indent"] + found["assigned"] + _ANYTHING + _blank(rest, "")


def _end_of_line(text: str, position: int) -> int:
    """The end of a logical line; a backslash continues it."""
    match = _REST_OF_LINE.match(text, position)
    return position if match is None else match.end()


def _blank(text: str, statement: str) -> str:
    """The statement in place of the text, with the line ends of the latter."""
    return statement + _NOT_LINE_END.sub("", text)
