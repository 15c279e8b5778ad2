"""Requantisation: from a float, float16 or dynamic-range model to integers, with calibration."""
