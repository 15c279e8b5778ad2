"""TensorFlow operators that equal builtin ones: which do, and how the same is said in builtins."""
