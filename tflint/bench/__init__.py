"""Benchmarks on this host: latency, accuracy, weights, tensors, operators, arenas."""
