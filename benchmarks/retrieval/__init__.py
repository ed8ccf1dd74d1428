"""Benchmarks of retrieval: how vectors are stored, how a filter is applied, which executor asks."""
