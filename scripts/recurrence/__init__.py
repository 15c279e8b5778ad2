"""Recurrent networks, and what TensorFlow's converter makes of them."""
