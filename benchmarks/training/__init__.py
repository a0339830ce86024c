"""Benchmarks of training: speed, accuracy and scaling of the model, and the kernels alone."""
