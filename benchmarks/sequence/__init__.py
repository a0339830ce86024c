"""Benchmarks of the networks that read sequences of words."""
