"""What the rules on Keras layers share: wording, connections, activations, sizes."""
