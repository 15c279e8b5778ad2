"""Names, alignment, signatures and metadata: what fires, what does not, and the figures."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cpu_time import assert_linear
from tests.rules.findings import findings
from tflint.analysis.names import MOST_BYTES, Named, Problem, names, problems
from tflint.finding import FixSafety, Severity
from tflint.lint.registry import all_rules
from tflint.lint.runner import check_bytes
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model, read_model
from tflint.model.schema import TensorType
from tflint.model.tables import Metadata, Model
from tflint.model.writer import write_model
from tflint.target.target import find_target
from tflint_rules.example_models import moved_constants

INT8, FLOAT32 = TensorType.INT8, TensorType.FLOAT32


def found_in(text: str, *, is_prose: bool = False) -> set[Problem]:
    return set(problems(Named(text, "here", is_prose=is_prose)))


# TFL008


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\x1b[31mred", Problem.CONTROL),
        ("a\nb", Problem.CONTROL),
        ("nul\0", Problem.CONTROL),
        ("c1\x9b31m", Problem.CONTROL),
        ("line\u2028", Problem.CONTROL),
        ("\u202eabc", Problem.DIRECTION),
        ("\u2066abc\u2069", Problem.DIRECTION),
        ("ab\u200bc", Problem.INVISIBLE),
        ("\ufeffabc", Problem.INVISIBLE),
        ("ab\u200dc", Problem.INVISIBLE),
        ("\u200dc", Problem.INVISIBLE),
        ("tag\U000e0041", Problem.INVISIBLE),
        ("\udc80", Problem.ENCODING),
        ("<script>x", Problem.MARKUP),
        ("<SCRIPT src=//x>", Problem.MARKUP),
        ("a</td>", Problem.MARKUP),
        ("<img src=x onerror=alert(1)>", Problem.MARKUP),
        ("<x onmouseover = y>", Problem.MARKUP),
        ("<b>", Problem.MARKUP),
        ("<!--", Problem.MARKUP),
        ("]]>", Problem.MARKUP),
        ("[red]a", Problem.MARKUP),
        ("[bold red on white]a", Problem.MARKUP),
        ("a[/]", Problem.MARKUP),
        ("[link=file:///etc]x", Problem.MARKUP),
        ("![x](https://e.org/pixel)", Problem.MARKUP),
        ("[x](javascript:alert(1))", Problem.MARKUP),
        ("<script", Problem.MARKUP),
        ("=1+1", Problem.FORMULA),
        ("@SUM(A1:A9)", Problem.FORMULA),
        ("+cmd|' /C calc'!A0", Problem.FORMULA),
        ("-2+3+cmd|' /C calc'!A0", Problem.FORMULA),
        ("::error file=x::y", Problem.FORMULA),
        ("x" * (MOST_BYTES + 1), Problem.LENGTH),
        ("漢" * (MOST_BYTES // 3 + 1), Problem.LENGTH),
    ],
)
def test_a_name_that_acts_is_found(text: str, problem: Problem) -> None:
    assert found_in(text) == {problem}


@pytest.mark.parametrize(
    "text",
    [
        "serving_default_input_1:0",
        "StatefulPartitionedCall:0",
        "model/conv2d/Relu;model/conv2d/BiasAdd;model/conv2d/Conv2D;conv2d/bias",
        "functional_1_1/sequential_1/dense_1/MatMul;",
        "tfl.pseudo_qconst1",
        "arith.constant",
        "XlaCallModule(jit_fn)/jit(main)/dot_general[dimension_numbers=(((1,), (0,)), ((), ()))]",
        "jit(main)/jit(<lambda>)/add",
        "model.<locals>.forward",
        "args_0[0]",
        "output[1, 2]",
        "x[b, h, w]",
        "tensor<1x3x224x224xf32>",
        "torch::nn::Linear",
        "a->b",
        "a<b",
        "1<2>0",
        "-1",
        "+x",
        "@function",
        "input (1)",
        "100%",
        "${name}",
        "C:\\model",
        "свёртка",
        "出力",
        "\u0645\u062f\u0644\u200c\u0647\u0627",
        "\U0001f469\u200d\U0001f52c",
        "x" * MOST_BYTES,
        "<object object at 0x7f0000>",
        "<unnamed>",
        "<input>",
        "vector<int>",
    ],
)
def test_a_name_that_a_tool_may_write_is_not(text: str) -> None:
    assert found_in(text) == set()


def test_a_description_may_have_lines() -> None:
    assert found_in("Two\r\nlines\tand = signs", is_prose=True) == set()
    assert found_in("= no cell", is_prose=True) == set()
    assert found_in("\x1b[2J", is_prose=True) == {Problem.CONTROL}


@pytest.mark.shared
def test_no_name_of_a_published_model_is_hostile(shared_model: Path) -> None:
    found = [(n.where, n.text) for n in names(read_model(shared_model)) if problems(n)]

    assert found == []


@given(st.text(max_size=60))
def test_any_text_can_be_judged(text: str) -> None:
    found_in(text)


@pytest.mark.parametrize(
    "unit",
    ["<", "<a", "<a on", "<a onx ", "[b ", "[/", "](http", " ", "\t-", "-a", "::a", "]]", "\u200d"],
)
def test_time_is_linear_in_a_names_length(unit: str) -> None:
    assert_linear(found_in, lambda size: unit * (size // len(unit)), 1_000_000)


def everywhere(name: str) -> Model:
    model = ModelBuilder(description=name)
    x = model.input((1, 4), name=name)
    y = model.tensor((1, 4), name=name)
    model.operator(name, [x], [y])
    model.output(y)
    model.signature({name: x}, {name: y}, key=name)
    model.metadata(name, b"")
    built = model.build()
    graphs = tuple(dataclasses.replace(graph, name=name) for graph in built.subgraphs)
    return dataclasses.replace(built, subgraphs=graphs)


def test_every_name_of_a_model_is_looked_at() -> None:
    where = [named.where for named in names(everywhere("\x07"))]

    assert where == [
        "the description",
        "operator code 0",
        "subgraph 0",
        "tensor 0",
        "tensor 1",
        "metadata 0",
        "signature 0",
        "input 0 of signature 0",
        "output 0 of signature 0",
    ]


def test_one_finding_a_kind_with_the_count_and_the_first_names() -> None:
    (finding,) = findings("TFL008", everywhere("\x07"))

    assert finding.message.startswith("9 names hold control characters")
    assert "the description `\\x07`; operator code 0 `\\x07`; subgraph 0" in finding.message
    assert "and 6 more" in finding.message


def test_a_repair_is_as_safe_as_the_least_safe_name() -> None:
    def repair(model: Model) -> FixSafety | None:
        (finding,) = findings("TFL008", model)
        return finding.fix and finding.fix.safety

    model = ModelBuilder()
    x = model.input((1, 4), name="\x07")
    model.output(model.unary("RELU", x))
    assert repair(model.build()) is FixSafety.SAFE
    model.signature({"\x07": x}, {})
    assert repair(model.build()) is FixSafety.UNSAFE
    assert repair(everywhere("\x07")) is None


# TFL009


def dense(weights: TensorType = INT8) -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 16), weights), units=4, weights=weights))
    return model.build()


def test_moved_constants_are_the_same_at_other_places() -> None:
    for step, external in ((4, False), (8, False), (16, False), (1, True), (12, True)):
        model = parse_model(moved_constants(dense(), step, external=external))
        constants = [b for b in model.buffers if b.data]

        assert [bytes(b.data or b"") for b in constants] == [
            bytes(b.data or b"") for b in dense().buffers if b.data
        ]
        assert {(b.position or 0) % 16 for b in constants} == {step % 16}
        assert {b.is_external for b in constants} == {external}


@pytest.mark.parametrize(
    ("target", "step", "external", "severity"),
    [
        ("tflm", 4, False, Severity.INFO),
        ("cortex-m0plus", 4, False, Severity.INFO),
        ("esp32-s3-devkitc", 12, False, Severity.INFO),
        ("cortex-m55", 4, False, Severity.WARNING),
        ("cortex-m55", 12, False, Severity.WARNING),
        ("ek-ra8m1", 4, False, Severity.WARNING),
        ("cortex-m55", 8, False, Severity.INFO),
        ("litert", 2, True, Severity.WARNING),
        ("litert", 4, True, Severity.INFO),
        # TFLM does not read them at all, which TFL212 says.
        ("tflm", 2, True, None),
        ("tflm", 16, False, None),
        ("litert", 16, True, None),
    ],
)
def test_severity_follows_what_it_costs_the_core(
    target: str, step: int, external: bool, severity: Severity | None
) -> None:
    file = moved_constants(dense(FLOAT32), step, external=external)
    found = findings("TFL009", file, target)

    assert [finding.severity for finding in found] == ([severity] if severity else [])


def test_a_core_with_mve_is_told_how_many_transfers_more() -> None:
    (finding,) = findings("TFL009", moved_constants(dense(), 4), "cortex-m55")

    # 64 bytes of weights and 16 of biases.
    assert f"up to {64 // 16 + 16 // 16} more each time" in finding.message


def test_bytes_can_be_anywhere() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4), INT8), model.tensor((1, 4), INT8)
    model.operator("ADD", [x, model.constant((1, 4), INT8)], [y])
    model.output(y)
    (finding,) = findings("TFL009", moved_constants(model.build(), 3, external=True), "litert")

    assert finding.severity is Severity.INFO
    assert "any boundary" in finding.message


def test_what_writing_again_adds_is_no_more_than_said() -> None:
    file = moved_constants(dense(), 4)
    (finding,) = findings("TFL009", file)
    assert "at most 24 B" in finding.help

    again = write_model(parse_model(file))
    assert findings("TFL009", again) == ()
    tight = len(file) - sum(len(b.data or b"") + 4 for b in dense().buffers if b.data)
    assert len(again) <= tight + 24


def test_a_buffer_that_no_tensor_uses_does_not_count() -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    model.metadata("notes", b"text")

    assert findings("TFL009", moved_constants(model.build(), 4)) == ()


def test_a_moved_model_computes_the_same(tmp_path: Path) -> None:
    """Writing it again is a safe repair: LiteRT gives the same bits before and after."""
    pytest.importorskip("ai_edge_litert")
    model = dense(FLOAT32)
    before = tmp_path / "before.tflite"
    after = tmp_path / "after.tflite"
    before.write_bytes(moved_constants(model, 4))
    after.write_bytes(write_model(read_model(before)))
    code = (
        "import sys, numpy as np\n"
        "from ai_edge_litert.interpreter import Interpreter\n"
        "i = Interpreter(sys.argv[1]); i.allocate_tensors()\n"
        "x = np.linspace(-1, 1, 16, dtype=np.float32).reshape(1, 16)\n"
        "i.set_tensor(i.get_input_details()[0]['index'], x); i.invoke()\n"
        "print(i.get_tensor(i.get_output_details()[0]['index']).tobytes().hex())\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
        ).stdout
        for path in (before, after)
    }
    assert len(outputs) == 1
    assert outputs.pop().strip()


# TFL010


def with_codes(old: int, new: int) -> Model:
    built = dense()
    code = dataclasses.replace(
        built.operator_codes[0], deprecated_builtin_code=old, builtin_code=new
    )
    return dataclasses.replace(built, operator_codes=(code,))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (9, 0, "code only in the deprecated field"),
        (0, 9, "code only in the new field"),
        (-1, 9, "code only in the new field"),
        (0, 150, "code only in the new field"),
        (3, 9, "CONV_2D in the deprecated and FULLY_CONNECTED in the new"),
        (9, 3, "FULLY_CONNECTED in the deprecated and CONV_2D in the new"),
        (9, 150, "FULLY_CONNECTED in the deprecated and GELU in the new"),
        (9, 9, None),
        (127, 150, None),
        (0, 0, None),
    ],
)
def test_which_of_the_two_fields_is_wrong(old: int, new: int, says: str | None) -> None:
    found = findings("TFL010", with_codes(old, new))

    assert len(found) == (says is not None)
    assert says is None or says in found[0].message


@pytest.mark.parametrize(("old", "new"), [(9, 0), (0, 9)])
def test_both_fields_add_no_more_than_said(old: int, new: int) -> None:
    (finding,) = findings("TFL010", with_codes(old, new))

    assert "at most 16 B" in finding.help
    assert 0 <= len(write_model(with_codes(9, 9))) - len(write_model(with_codes(old, new))) <= 16


# TFL701 and TFL702


@pytest.mark.parametrize(("count", "length"), [(1, 1), (1, 30), (3, 17), (12, 60)])
def test_a_signature_adds_about_what_is_said(count: int, length: int) -> None:
    from tflint_rules.interface.missing_signature import _added

    def build(*, signature: bool) -> Model:
        model = ModelBuilder()
        inputs = [model.input((1, 4), name="x" * length) for _ in range(count)]
        outputs = [model.unary("RELU", x) for x in inputs]
        for y in outputs:
            model.output(y)
        if signature:
            model.signature(
                {f"{i:0{length}}": x for i, x in enumerate(inputs)},
                {model.tensors[y].name or "": y for y in outputs},
            )
        return model.build()

    bare = build(signature=False)
    added = len(write_model(build(signature=True))) - len(write_model(bare))
    assert _added(bare.subgraphs[0]) == pytest.approx(added, rel=0.15)


def test_what_a_missing_signature_says_of_indices_that_lead_nowhere() -> None:
    built = dense()
    graph = dataclasses.replace(built.subgraphs[0], inputs=(99, -1))

    (finding,) = findings("TFL701", dataclasses.replace(built, subgraphs=(graph,)))
    assert "2 inputs and 1 output" in finding.message


def test_metadata_that_leads_nowhere_is_for_another_rule() -> None:
    built = dataclasses.replace(dense(), metadata=(Metadata("min_runtime_version", 99),))

    assert findings("TFL702", built) == ()
    assert findings("TFL003", built)


def test_a_version_adds_about_what_is_said() -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    before = len(write_model(model.build()))
    (finding,) = findings("TFL702", model.build())
    model.metadata("min_runtime_version", b"1.14.0" + bytes(10))

    assert findings("TFL702", model.build()) == ()
    assert "120 B" in finding.help
    assert len(write_model(model.build())) - before == pytest.approx(120, abs=16)


def test_what_only_informs_does_not_fail_a_file() -> None:
    """A plain model, as the builder writes it, has nothing that a default run fails on."""
    report = check_bytes(write_model(dense()), all_rules(), find_target("tflm"))

    assert {f.severity for f in report.findings if f.code.startswith(("TFL7", "TFL0"))} == {
        Severity.INFO
    }
