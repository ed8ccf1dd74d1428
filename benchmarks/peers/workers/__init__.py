"""One module a peer; each runs in a process of its own, ``python -m benchmarks.peers.workers.<name>``."""
