"""What holds of every honest split."""

from __future__ import annotations

import numpy as np

from tflint_reference_models.dataset import Dataset, Split


def groups(data: Dataset, split: Split) -> list[set[int]]:
    """The groups of training, validation and test."""
    return [
        set(data.groups[places].tolist()) for places in (split.train, split.validation, split.test)
    ]


def assert_parts_whole_groups(data: Dataset, split: Split) -> None:
    """Every window is on one side, and no group on two."""
    places = np.concatenate([split.train, split.validation, split.test])
    assert sorted(places.tolist()) == list(range(data.count))
    sides = groups(data, split)
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert all(sides)
    assert split.is_honest
    assert split.name == f"by {data.group_kind}"
