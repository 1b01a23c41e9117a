"""Pictures of what a network sees, from ONNX graph outputs. Nothing is drawn here yet; no torch in this package."""
