"""Execution providers: the list of them, their options, and the verdict on where a model's nodes ran."""
