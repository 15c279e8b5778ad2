"""Branches taken back and joined: what stays is what may have happened."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tflint.source.joins import join, same
from tflint.source.journal import Alternative, Journal
from tflint.source.limits import MAX_OPTIONS
from tflint.source.objects import Const, Either, Path, outcome
from tflint.source.store import MISSING, OPAQUE, Store, Thing


def journal() -> Journal:
    return Journal(lambda steps: None)


def values(thing: Thing) -> set[object]:
    found = thing.options if isinstance(thing, Either) else (thing,)
    return {each.value if isinstance(each, Const) else each for each in found}


_writes = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=6)


@given(_writes, _writes)
def test_what_is_taken_back_is_as_it_was(
    before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    log = journal()
    store = log.store()
    for key, value in before:
        log.write(store, key, Const(value))
    known = {key: thing for key, thing in store.content.items() if thing is not MISSING}
    mark = log.mark()
    for key, value in after:
        log.write(store, key, Const(value))
    log.take_back(mark)
    assert {key: thing for key, thing in store.content.items() if thing is not MISSING} == known


@given(_writes, st.lists(_writes, min_size=1, max_size=4))
def test_a_merge_is_all_that_may_have_happened(
    before: list[tuple[str, int]], branches: list[list[tuple[str, int]]]
) -> None:
    log = journal()
    store = log.store()
    state = dict(before)
    for key, value in before:
        log.write(store, key, Const(value))
    mark = log.mark()
    alternatives = []
    for branch in branches:
        for key, value in branch:
            log.write(store, key, Const(value))
        alternatives.append(Alternative(log.changes(mark)))
        log.take_back(mark)
    log.merge(mark, alternatives, join)
    for key in "abc":
        expected = {{**state, **dict(branch)}.get(key, MISSING) for branch in branches}
        assert values(store.content.get(key, MISSING)) == expected


def test_branches_that_end_leave_nothing_but_what_they_made() -> None:
    log = journal()
    old = log.store({"x": Const(1)})
    mark = log.mark()
    log.write(old, "x", Const(2))
    new: Store = log.store()
    log.write(new, "y", Const(3))
    ended = Alternative(log.changes(mark), is_alive=False)
    log.take_back(mark)
    log.merge(mark, [ended, Alternative({})], join)
    assert values(old.content["x"]) == {1}
    assert values(new.content["y"]) == {3}


def test_what_is_equal_is_joined_to_one() -> None:
    assert isinstance(join([Const(1), Const(1)]), Const)
    assert isinstance(join([Path("keras.layers"), Path("keras.layers")]), Path)
    assert values(join([Const(1), Const(True), Const(1.0)])) == {1}
    assert isinstance(join([Const(1), Const(True)]), Either)
    assert join([]) is OPAQUE


def test_too_many_values_are_none() -> None:
    many = [Const(index) for index in range(MAX_OPTIONS + 1)]
    assert isinstance(join(many[:-1]), Either)
    assert join(many) is OPAQUE


def test_results_stay_small() -> None:
    thing: Thing = outcome("numpy.random.rand")
    for _ in range(200):
        thing = outcome("operator.add", (thing, thing))
    assert same(thing, thing)
    assert getattr(thing, "size", 0) <= 100
