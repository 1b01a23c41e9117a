"""Execution providers: which there are, their options, and the verdict on where a model's nodes ran."""
