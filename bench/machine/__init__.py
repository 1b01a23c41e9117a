"""Which machine this is, what it showed in earlier runs, and the small models that probe its speed."""
