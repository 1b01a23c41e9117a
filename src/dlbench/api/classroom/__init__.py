"""A class: whether a student's laptop is ready for the lesson, and the tour of `dlbench demo`."""
