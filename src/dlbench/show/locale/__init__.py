"""What is said in other languages: a gettext catalogue for each, how finished texts find their translation, and the word list."""
