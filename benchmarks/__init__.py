"""Benchmarks of the warehouse: figures to read, not tests that pass or fail."""
