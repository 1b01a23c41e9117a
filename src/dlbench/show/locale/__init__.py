"""What is said in other languages: a gettext catalogue for each, and how finished texts find their translation."""
