"""What runs inside the worker process: the only modules of tflint that import TensorFlow."""
