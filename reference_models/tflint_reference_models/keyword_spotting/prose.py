"""What the card says of KeywordSpotting that no figure can be computed for."""

from __future__ import annotations

PROSE: tuple[tuple[str, str], ...] = ()
