"""Repairs of every place, also where that takes a larger arena: a fixture for modules to import."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Container, Iterator

import pytest

from tflint.fix.model.model_fix import Rewrite, RewriteContext

_CHOOSING = ("foldable_pad", "unfused_activation", "dead_channels", "layer_folding")


class _All:
    def __contains__(self, place: object) -> bool:
        return True


def _every(
    context: RewriteContext, rewrite: Callable[[Container[int]], Rewrite | None]
) -> Rewrite | None:
    return rewrite(_All())


@pytest.fixture(autouse=True, scope="module")
def every_place() -> Iterator[None]:
    """What a pass can repair, it repairs: the random networks here are no one's arena."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _CHOOSING:
            module = importlib.import_module(f"tflint.fix.model.{name}")
            patch.setattr(module, "within_arena", _every)
        yield
