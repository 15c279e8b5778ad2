"""What the graph of a model comes to: facts that rules and repairs share."""
