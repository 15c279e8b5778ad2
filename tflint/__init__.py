"""Lint, shrink and prove TensorFlow Lite models for microcontrollers."""

__version__ = "0.1.0"
