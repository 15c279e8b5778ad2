"""Four reference applications: data, search space, training, model and card of each."""
