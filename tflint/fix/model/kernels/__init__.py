"""Kernels for constants: what operators give for inputs that are known, bit for bit."""
