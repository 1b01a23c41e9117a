"""Other languages: gettext catalogues, finished texts translated where they are shown, and the word list."""
