"""TFL6: the graph of operators."""
