"""TensorFlow's operators in NumPy, after its documentation: what a rewrite has to equal."""
