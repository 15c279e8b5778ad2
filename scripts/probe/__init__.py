"""Ask the runtimes themselves what they support, by models of one operator each."""
