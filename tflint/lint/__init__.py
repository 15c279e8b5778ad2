"""Finding files, selecting rules, running them."""
