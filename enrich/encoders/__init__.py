"""Texts become vectors: the encoder is exported once into the cache folder and run with ONNX Runtime."""
