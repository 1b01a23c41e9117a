"""The result file: its schema, its statistics, and several results merged into one."""
