"""Bytes that kernels add to a linked TFLM, and what they share, from measured images."""
