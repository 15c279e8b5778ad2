"""Edits of sources: what changes, and that nothing else does."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("libcst", reason="needs the extra `fix`")

import contextlib

from tests.fix.places import at
from tflint.fix.source.apply import apply_edits
from tflint.fix.source.tree import CannotEdit
from tflint.source.edits import (
    AddArgument,
    Edit,
    InsertBefore,
    InsertElement,
    Permute,
    RemoveElement,
    RemoveStatement,
    Replace,
    ReplaceComment,
)


def test_an_expression_is_replaced() -> None:
    source = "x = f( 'a' ,b)  # c\n"

    assert apply_edits(source, [Replace(at(source, "'a'"), '"z"')]) == 'x = f( "z" ,b)  # c\n'


def test_redundant_parentheses_stay() -> None:
    source = "x = (\n    'a'  # why\n)\n"

    assert apply_edits(source, [Replace(at(source, "'a'"), "b + c")]) == (
        "x = (\n    b + c  # why\n)\n"
    )


@pytest.mark.parametrize(
    ("display", "order", "expected"),
    [
        ("(1, 32, 48)", (1, 2, 0), "(32, 48, 1)"),
        ("[c,h , w]", (1, 2, 0), "[h,w , c]"),
        ("(None, 3, n//2, f(1, 2))", (0, 2, 3, 1), "(None, n//2, f(1, 2), 3)"),
        ("(1, 2,)", (1, 0), "(2, 1,)"),
        # A comment at the end of a line goes with what it is about.
        (
            "(\n    1,  # channels\n    32,  # height\n    48  # width\n)",
            (1, 2, 0),
            "(\n    32,  # height\n    48,  # width\n    1  # channels\n)",
        ),
        ("(  # shape\n    1, 32, 48)", (1, 2, 0), "(  # shape\n    32, 48, 1)"),
        ("1, 2, 3", (2, 0, 1), "3, 1, 2"),
    ],
)
def test_elements_change_places(display: str, order: tuple[int, ...], expected: str) -> None:
    source = f"x = {display}\n"

    assert apply_edits(source, [Permute(at(source, display), order)]) == f"x = {expected}\n"


def test_arguments_change_places() -> None:
    source = "x = a.reshape(n, 1, 28, 28)\n"
    edit = Permute(at(source, "a.reshape(n, 1, 28, 28)"), (0, 2, 3, 1))

    assert apply_edits(source, [edit]) == "x = a.reshape(n, 28, 28, 1)\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(X, b, c)", "f(b, c)"),
        ("f(a, b=X)", "f(a)"),
        ("f(a, b=X, )", "f(a, )"),
        ("f( b=X )", "f()"),
        ("[a, X]", "[a]"),
        ("[X, a]", "[a]"),
        (
            "[\n    a,  # one\n    X,  # two\n    b,  # three\n]",
            "[\n    a,  # one\n    b,  # three\n]",
        ),
        ("[\n    a,  # one\n    # above\n    X,  # two\n]", "[\n    a,  # one\n    # above\n]"),
        ("[\n    a,\n    X\n]", "[\n    a\n]"),
        ("[\n    X,\n    a,\n]", "[\n    a,\n]"),
        ("f(a,\n  b=X,\n  c=1)", "f(a,\n  c=1)"),
        ("f(a,\n  b=X)", "f(a)"),
        ("(a, X)", "(a,)"),
        ("{a, X}", "{a}"),
    ],
)
def test_an_element_goes_with_its_comma(before: str, after: str) -> None:
    source = f"y = {before}\n"
    assert apply_edits(source, [RemoveElement(at(source, "X"))]) == f"y = {after}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[X]", "[X, n()]"),
        ("[X, b]", "[X, n(), b]"),
        ("[a, X,]", "[a, X, n(),]"),
        ("[\n    a,\n    X,\n]", "[\n    a,\n    X,\n    n(),\n]"),
        ("[\n    X,  # one\n    b,\n]", "[\n    X,  # one\n    n(),\n    b,\n]"),
        ("[\n    X,  # one\n]", "[\n    X,  # one\n    n(),\n]"),
        ("[a,\n X  # one\n]", "[a,\n X,  # one\n n()\n]"),
    ],
)
def test_an_element_comes_behind_another(before: str, after: str) -> None:
    source = f"y = {before}\n"
    assert apply_edits(source, [InsertElement(at(source, "X"), "n()")]) == f"y = {after}\n"


def test_elements_come_and_go_in_one_list() -> None:
    source = "y = [a, X, b, c]\n"
    edits: list[Edit] = [
        InsertElement(at(source, "a"), "n"),
        RemoveElement(at(source, "X")),
        InsertElement(at(source, "c"), "m"),
        RemoveElement(at(source, "b")),
    ]

    assert apply_edits(source, edits) == "y = [a, n, c, m]\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()", "f(k=1)"),
        ("f(a)", "f(a, k=1)"),
        ("f(a, )", "f(a, k=1, )"),
        ("f(\n    a,\n    b,\n)", "f(\n    a,\n    b,\n    k=1,\n)"),
        ("f(\n    a,\n    b\n)", "f(\n    a,\n    b,\n    k=1\n)"),
        ("f(a,\n  b)", "f(a,\n  b,\n  k=1)"),
        ("f(\n    a,  # one\n)", "f(\n    a,  # one\n    k=1,\n)"),
        ("f(\n    a,\n    b  # two\n)", "f(\n    a,\n    b,  # two\n    k=1\n)"),
        ("f(a, **more)", "f(a, **more, k=1)"),
    ],
)
def test_an_argument_is_laid_out_as_the_others(before: str, after: str) -> None:
    source = f"y = {before}\n"
    assert apply_edits(source, [AddArgument(at(source, before), "k", "1")]) == f"y = {after}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1\nX\nb = 2\n", "a = 1\nb = 2\n"),
        ("a = 1\n\nX  # gone\nb = 2\n", "a = 1\n\nb = 2\n"),
        ("a = 1\n\nX\n\nb = 2\n", "a = 1\n\nb = 2\n"),
        ("a = 1\n# stays\nX\nb = 2\n", "a = 1\n# stays\nb = 2\n"),
        ("if a:\n    X\nb = 2\n", "if a:\n    pass\nb = 2\n"),
        ("if a:\n    # stays\n    X\n", "if a:\n    # stays\n    pass\n"),
        ("if a: X\n", "if a: pass\n"),
        ("a = 1; X\n", "a = 1\n"),
        ("X; a = 1  # c\n", "a = 1  # c\n"),
        ("a = 1; X; b = 2\n", "a = 1; b = 2\n"),
        ("X\n", "\n"),
        ("a = 1\nX", "a = 1"),
    ],
)
def test_a_statement_goes(before: str, after: str) -> None:
    assert apply_edits(before, [RemoveStatement(at(before, "X"))]) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1\nX\n", "a = 1\nn = 1\nX\n"),
        ("def f():\n\tX\n", "def f():\n\tn = 1\n\tX\n"),
        ("a = 1\n\n# about X\nX\n", "a = 1\n\n# about X\nn = 1\nX\n".replace("about X", "about Y")),
        ("for i in a: X\n", "for i in a: n = 1; X\n"),
        ("a = 1; X\n", "a = 1; n = 1; X\n"),
    ],
)
def test_statements_come_in_front(before: str, after: str) -> None:
    before = before.replace("# about X", "# about Y")
    assert apply_edits(before, [InsertBefore(at(before, "X"), "n = 1\n")]) == after


def test_a_function_keeps_its_distance() -> None:
    source = "a = 1\n\n# converts\nX\n"
    text = "def f():\n    return 1\n\n\nb = f\n"

    assert apply_edits(source, [InsertBefore(at(source, "X"), text)]) == (
        "a = 1\n\n\ndef f():\n    return 1\n\n\n# converts\nb = f\nX\n"
    )


def test_a_function_does_not_fit_on_a_line() -> None:
    source = "if a: X\n"
    with pytest.raises(CannotEdit, match="other statements"):
        apply_edits(source, [InsertBefore(at(source, "X"), "def f(): pass\n")])


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        ("a = 1  # X\n", "", "a = 1\n"),
        ("a = 1  # X\n", "# Y", "a = 1  # Y\n"),
        ("# X\na = 1\n", "", "a = 1\n"),
        ("f(\n    a,  # X\n)\n", "", "f(\n    a,\n)\n"),
        ("if a:  # X\n    b\n", "", "if a:\n    b\n"),
        ("f(\n    # X\n    a,\n)\n", "", "f(\n    a,\n)\n"),
    ],
)
def test_comments(before: str, text: str, after: str) -> None:
    assert apply_edits(before, [ReplaceComment(at(before, "# X"), text)]) == after


def test_several_edits_of_one_statement() -> None:
    source = "m = f(g(X, 1), (1, 2), y=3)  # c\n"
    edits: list[Edit] = [
        RemoveElement(at(source, "X")),
        Permute(at(source, "(1, 2)"), (1, 0)),
        Replace(at(source, "3"), "4"),
        AddArgument(at(source, "f(g(X, 1), (1, 2), y=3)"), "z", "5"),
        ReplaceComment(at(source, "# c")),
    ]

    assert apply_edits(source, edits) == "m = f(g(1), (2, 1), y=4, z=5)\n"


@pytest.mark.parametrize(
    "source",
    [
        "a = 1\r\nX\r\nb = 'ü'\t\r\n",
        "\tif_ = 1\n".lstrip() + "if a :\n\tX\n\tb  =  {1 :2}\n",
        "a = '''\n\r\n\f'''\n\f\nX\n",
        "x = 1 \\\n  + 2\nX\n\n\n",
        "a=1\nX",
        "async def f() :\n  X\n  return  [ i async for i in b ]\n",
        "match a :\n    case {'b' : c, **d} if e :\n        X\n        pass\n",
    ],
)
def test_all_other_text_stays(source: str) -> None:
    edited = apply_edits(source, [Replace(at(source, "X"), "ABC")])

    assert edited == source.replace("X", "ABC")


@pytest.mark.parametrize(
    "edit",
    [
        Replace(at("a = 1\n", "= 1"), "2"),
        RemoveElement(at("a = 1\n", "1")),
        AddArgument(at("a = 1\n", "1"), "b", "2"),
        Permute(at("a = 1\n", "1"), (0,)),
        ReplaceComment(at("a = 1\n", "a")),
        RemoveStatement(at("a = 1\n", "1")),
    ],
)
def test_an_edit_of_what_is_not_there_is_refused(edit: Edit) -> None:
    with pytest.raises(CannotEdit):
        apply_edits("a = 1\n", [edit])


@pytest.mark.parametrize(
    "source",
    [
        "-" * 5000 + "X",
        "a" + ".b" * 3000 + "(X)",
        "(" * 190 + "X" + ")" * 190,
        " + ".join(["X"] * 3000),
        "if a:\n    pass\n" + "elif a:\n    pass\n" * 1000 + "else: X",
    ],
)
def test_what_is_nested_deeply_is_refused_or_edited(source: str) -> None:
    """LibCST's own parser would end the process with some of these."""
    try:
        ast.parse(source)
    except (RecursionError, MemoryError, SyntaxError):
        pytest.skip("Python itself does not parse it")
    with contextlib.suppress(CannotEdit):
        assert "Y" in apply_edits(source, [Replace(at(source, "X"), "Y")])


def test_what_would_not_parse_is_refused() -> None:
    source = "f(a, b=1)\n"
    with pytest.raises(CannotEdit):
        apply_edits(source, [AddArgument(at(source, "f(a, b=1)"), "b", "2")])


blanks = st.sampled_from(["", " ", "  ", "\t"])
breaks = st.sampled_from(["", " ", "\n", "\n    ", "  # note\n  ", "\n\n"])


@given(st.lists(breaks, min_size=8, max_size=8), st.booleans(), blanks)
def test_removing_works_in_any_layout(gaps: list[str], trails: bool, blank: str) -> None:
    """Whatever the layout, what is left is the same program without the element."""
    a, b, c, d, e, _f, g, h = gaps
    end = f"{g}," if trails else g
    source = f"x ={blank}[{a}one{b},{c}two{d},{e}X{end}{h}]\n"
    edited = apply_edits(source, [RemoveElement(at(source, "X"))])

    assert ast.dump(ast.parse(edited)) == ast.dump(ast.parse("x = [one, two]"))
    assert (a + b + c + d).count("#") <= edited.count("#") <= source.count("#")


@given(st.lists(breaks, min_size=8, max_size=8), st.booleans(), blanks)
def test_adding_works_in_any_layout(gaps: list[str], trails: bool, blank: str) -> None:
    a, b, c, d, e, f, g, h = gaps
    end = f"{g}," if trails else g
    call = f"f({a}one{b},{c}two{d},{e}x{f}={f}3{end}{h})"
    source = f"y ={blank}{call}\n"
    edited = apply_edits(source, [AddArgument(at(source, call), "new", "4")])

    assert ast.dump(ast.parse(edited)) == ast.dump(ast.parse("y = f(one, two, x=3, new=4)"))
    assert edited.count("#") == source.count("#")


@given(st.lists(breaks, min_size=8, max_size=8), st.booleans(), st.permutations([0, 1, 2]))
def test_permuting_works_in_any_layout(gaps: list[str], trails: bool, order: list[int]) -> None:
    a, b, c, d, e, _f, g, h = gaps
    end = f"{g}," if trails else g
    display = f"({a}one{b},{c}two{d},{e}3{end}{h})"
    source = f"y = {display}\n"
    edited = apply_edits(source, [Permute(at(source, display), tuple(order))])
    names = ["one", "two", "3"]

    expected = f"y = ({', '.join(names[i] for i in order)})"
    assert ast.dump(ast.parse(edited)) == ast.dump(ast.parse(expected))
    assert edited.count("#") == source.count("#")
