"""What an ONNX file is: facts, graph, operators, element types, shapes, parameters and work. Nothing here times or draws."""
