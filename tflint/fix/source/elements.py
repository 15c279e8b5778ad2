"""Elements of displays and arguments of calls: removed, reordered, added, commas kept right.

Between two elements there is a gap: the blanks, line ends and comments behind the comma. The gap
behind the last one stands before the bracket, or behind a comma that trails.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import TypeVar

import libcst as cst  # noqa: TID253 - nothing here does without it; it is imported late itself

Gap = cst.BaseParenthesizableWhitespace
Item = TypeVar("Item", cst.Arg, cst.Element, cst.StarredElement)
_NONE = cst.SimpleWhitespace("")
_BLANK = cst.SimpleWhitespace(" ")


def without(
    items: Sequence[Item], removed: Collection[int], before: Gap, after: Gap
) -> tuple[list[Item], Gap, Gap]:
    """The items without some, by index, and what then stands before and after them.

    `before` is the gap in front of the first item, `after` the one behind the last.
    """
    # Gap i is in front of item i; there is one more than there are items.
    gaps = [before, *(_gap_behind(item) for item in items[:-1]), after]
    kept: list[tuple[Gap, Item]] = []
    pending = gaps[0]
    for i, item in enumerate(items):
        if i in removed:
            pending = _joined(pending, gaps[i + 1], first=not kept, last=i == len(items) - 1)
        else:
            kept.append((pending, item))
            pending = gaps[i + 1]
    if not kept:
        return [], _NONE, _NONE if isinstance(before, cst.SimpleWhitespace) else pending
    trails = isinstance(items[-1].comma, cst.Comma)
    result = []
    for (_, item), (gap, _) in pairwise(kept):
        result.append(_with_comma(item, gap))
    last = kept[-1][1]
    result.append(_with_comma(last, _NONE) if trails else _without_comma(last))
    return result, kept[0][0], pending


def reordered(items: Sequence[Item], order: Sequence[int], after: Gap) -> tuple[list[Item], Gap]:
    """The items in another order, in the same gaps; comments at the ends of lines go along."""
    gaps = [*(_gap_behind(item) for item in items[:-1]), after]
    broken = [gap for gap in gaps if isinstance(gap, cst.ParenthesizedWhitespace)]
    if len(broken) == len(gaps):
        comments = [gap.first_line.comment for gap in broken]
        gaps = [
            _with_comment(gap, comments[source]) for gap, source in zip(gaps, order, strict=True)
        ]
    result = []
    for i, source in enumerate(order):
        item = items[i].with_changes(value=items[source].value)
        if isinstance(item.comma, cst.Comma) and i < len(items) - 1:
            item = item.with_changes(comma=item.comma.with_changes(whitespace_after=gaps[i]))
        result.append(item)
    return result, gaps[-1]


def with_element(
    items: Sequence[cst.BaseElement], index: int, value: cst.BaseExpression, before: Gap, after: Gap
) -> tuple[list[cst.BaseElement], Gap]:
    """The elements with one more behind that of the index, and what then stands behind the last.

    `before` is the gap in front of the first element, `after` the one behind the last.
    """
    item, new = items[index], cst.Element(value)
    assert isinstance(item, cst.Element)
    head, tail = [*items[:index]], [*items[index + 1 :]]
    if tail:
        gap = _gap_behind(item)
        return [*head, item, _with_comma(new, _bare(gap)), *tail], after
    broken = isinstance(before, cst.ParenthesizedWhitespace)
    gap = _bare(before) if broken else _BLANK
    if broken or len(items) > 1:
        gap = gap if broken else _bare(_gap_behind(items[-2]))
    if isinstance(after, cst.ParenthesizedWhitespace) and after.first_line.comment is not None:
        gap = gap if isinstance(gap, cst.ParenthesizedWhitespace) else _bare(after)
        gap, after = _with_comment(gap, after.first_line.comment), _with_comment(after, None)
    trails = isinstance(item.comma, cst.Comma)
    return [*head, _with_comma(item, gap), _with_comma(new, _NONE) if trails else new], after


def with_keyword(call: cst.Call, name: str, value: cst.BaseExpression) -> cst.Call:
    """The call with one more keyword argument, laid out as those that it has."""
    argument = cst.Arg(
        value,
        cst.Name(name),
        equal=cst.AssignEqual(whitespace_before=_NONE, whitespace_after=_NONE),
    )
    if not call.args:
        return call.with_changes(args=[argument])
    *others, last = call.args
    gaps = [call.whitespace_before_args, *(_gap_behind(item) for item in others)]
    broken = [gap for gap in gaps if isinstance(gap, cst.ParenthesizedWhitespace)]
    gap: Gap = _BLANK
    if broken and isinstance(gaps[-1], cst.ParenthesizedWhitespace):
        gap = _bare(broken[-1])
    if isinstance(last.comma, cst.Comma):
        end = last.comma.whitespace_after
        if isinstance(end, cst.ParenthesizedWhitespace):
            # A comment behind the last argument stays behind that.
            comment = end.first_line.comment
            gap = _bare(end if isinstance(gap, cst.SimpleWhitespace) else gap)
            gap, end = _with_comment(gap, comment), _with_comment(end, None)
        argument = argument.with_changes(comma=cst.Comma(whitespace_after=end))
    else:
        end = last.whitespace_after_arg
        if isinstance(end, cst.ParenthesizedWhitespace) and end.first_line.comment:
            gap = _with_comment(
                _bare(gap if not isinstance(gap, cst.SimpleWhitespace) else end),
                end.first_line.comment,
            )
            end = _with_comment(end, None)
        argument = argument.with_changes(whitespace_after_arg=end)
        last = last.with_changes(whitespace_after_arg=_NONE)
    comma = last.comma if isinstance(last.comma, cst.Comma) else cst.Comma()
    last = last.with_changes(comma=comma.with_changes(whitespace_after=gap))
    return call.with_changes(args=[*others, last, argument])


def _gap_behind(item: cst.Arg | cst.BaseElement) -> Gap:
    comma = item.comma if isinstance(item, cst.Arg | cst.Element | cst.StarredElement) else None
    return comma.whitespace_after if isinstance(comma, cst.Comma) else _NONE


def _with_comma(item: Item, gap: Gap) -> Item:
    comma = item.comma if isinstance(item.comma, cst.Comma) else cst.Comma()
    changed = item.with_changes(comma=comma.with_changes(whitespace_after=gap))
    if isinstance(changed, cst.Arg):
        return changed.with_changes(whitespace_after_arg=_NONE)
    return changed


def _without_comma(item: Item) -> Item:
    comma = item.comma
    if isinstance(comma, cst.Comma) and isinstance(
        comma.whitespace_before, cst.ParenthesizedWhitespace
    ):
        return _with_comma(item, _NONE)  # There may be a comment in front of it.
    return item.with_changes(comma=cst.MaybeSentinel.DEFAULT)


def _joined(before: Gap, after: Gap, *, first: bool, last: bool) -> Gap:
    """What is left of the gaps around something removed: comments but for its own.

    `first` and `last` tell whether nothing is kept in front of it, or comes behind it.
    """
    if isinstance(before, cst.ParenthesizedWhitespace):
        if isinstance(after, cst.ParenthesizedWhitespace):
            return before.with_changes(
                empty_lines=[*before.empty_lines, *after.empty_lines],
                indent=after.indent,
                last_line=after.last_line,
            )
        return after if last and not _has_comment(before) else before
    if isinstance(after, cst.ParenthesizedWhitespace):
        return before if first and not last and not _has_comment(after) else after
    return after if last else before


def _has_comment(gap: cst.ParenthesizedWhitespace) -> bool:
    return gap.first_line.comment is not None or any(line.comment for line in gap.empty_lines)


def _with_comment(gap: Gap, comment: cst.Comment | None) -> Gap:
    if not isinstance(gap, cst.ParenthesizedWhitespace):
        return gap
    blank = gap.first_line.whitespace
    if comment is None:
        blank = _NONE
    elif not blank.value:
        blank = cst.SimpleWhitespace("  ")
    return gap.with_changes(
        first_line=gap.first_line.with_changes(comment=comment, whitespace=blank)
    )


def _bare(gap: Gap) -> Gap:
    """A line end with the indentation of the next line, and nothing else."""
    if not isinstance(gap, cst.ParenthesizedWhitespace):
        return gap
    bare = _with_comment(gap, None)
    return bare.with_changes(empty_lines=[])
