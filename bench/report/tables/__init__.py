"""The tables of a report, one file a subject, as text in cells."""
