"""Kernel code that an image loses with operators that a repair takes out."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tflint.model.graph import Node


def freed_code(nodes: Iterable[Node], gone: Collection[Node], runtime_name: str) -> int:
    """Bytes of flash that the runtime takes less without `gone`, which are among `nodes`.

    `nodes` are those of all subgraphs: a kernel that another of them needs stays, and so does
    the code that it shares. 0 where nothing is known of the runtime's code.
    """
    # Loaded for the models that have such operators.
    from tflint.memory.flash import has_code_sizes, runtime_code

    if not has_code_sizes(runtime_name):
        return 0
    out = frozenset(gone)
    staying: set[str] = set()
    leaving: set[str] = set()
    for node in nodes:
        (leaving if node in out else staying).add(node.name)
    before = runtime_code(staying | leaving, runtime_name)
    return max(before.bytes - runtime_code(staying, runtime_name).bytes, 0)
