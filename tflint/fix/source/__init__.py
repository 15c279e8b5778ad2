"""Repairs of Keras sources: one file per rule, and the engine that carries out their edits."""
