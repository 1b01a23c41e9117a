"""Which machine this is, how it ran before, and the small models that probe its speed."""
