"""TFL4: quantisation."""
