"""What the notebooks of the lesson need beside the commands: the runtime and its price, and each problem type once."""
