"""TFL5: memory and budgets."""
