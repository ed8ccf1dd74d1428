"""Other engines over the same creators, questions, filters and cores: ``python -m benchmarks.peers``."""
