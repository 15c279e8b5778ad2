"""One file for each output format, and the register of what there is."""
