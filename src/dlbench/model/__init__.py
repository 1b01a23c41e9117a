"""What an ONNX file is: facts, graph, operators, types, shapes, parameters, work. Nothing here times or draws."""
