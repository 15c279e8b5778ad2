"""What the card says of CarSensor that no figure of its trainings says."""

from __future__ import annotations

PROSE: tuple[tuple[str, str], ...] = ()
