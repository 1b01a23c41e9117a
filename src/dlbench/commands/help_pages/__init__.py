"""Which commands there are, and their help in the language in use."""
