"""What runs a generator: ONNX Runtime, and torch. Each needs the extra of its name."""
