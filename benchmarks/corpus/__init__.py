"""Benchmarks of reading text into ids."""
