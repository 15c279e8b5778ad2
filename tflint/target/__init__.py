"""What a model is meant to run on: runtimes and their kernels, cores and boards, budgets."""
