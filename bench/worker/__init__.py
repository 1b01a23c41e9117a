"""Inside the timed process: a session, timed runs, memory. Numpy and ONNX Runtime only."""
