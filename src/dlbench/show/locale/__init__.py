"""What is said in other languages: gettext catalogues, finished texts translated where they are shown, the word list."""
