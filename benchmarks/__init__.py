"""Benchmarks of the installed w2v: ``python -m benchmarks`` lists what can be measured."""
