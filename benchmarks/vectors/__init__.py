"""Benchmarks of word vectors in use: queries, files, analogies, approximate search."""
