"""Latency of the served API in open loop, beside other ways to ask the same index."""
