"""The Python API: what each command does, as one function that returns a value; `import dlbench` gives the names."""
