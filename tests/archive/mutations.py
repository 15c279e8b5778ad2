"""Changes to a configuration, at any depth."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["x", "Dense", "Sequential", "__keras_tensor__", "layers", "channels_first"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["class_name", "config", "layers", "name", "inbound_nodes", "args"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def mutate(config: Any, data: Any) -> None:
    """Replace or remove something in the configuration, at any depth."""
    at = config
    for _ in range(data.draw(st.integers(0, 9))):
        inside = [each for each in _values(at) if isinstance(each, (dict, list)) and each]
        if not inside:
            break
        at = data.draw(st.sampled_from(inside))
    if isinstance(at, dict) and at:
        key = data.draw(st.sampled_from(sorted(at)))
        if data.draw(st.booleans()):
            at[key] = data.draw(JUNK)
        else:
            del at[key]
    elif isinstance(at, list) and at:
        at[data.draw(st.integers(0, len(at) - 1))] = data.draw(JUNK)


def _values(at: Any) -> list[Any]:
    if isinstance(at, dict):
        return list(at.values())
    return at if isinstance(at, list) else []
