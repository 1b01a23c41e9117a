"""What terminal, pages and files share: tables, units, languages, charts, one writer a format."""
