"""TFL2: operators, and what the runtime takes of them."""
