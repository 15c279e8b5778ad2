"""TFL3: architecture, and where the weights are."""
