"""Faults on purpose, seeded and bounded: each module is a command that shows one promise of the pipeline kept.

``python -m benchmarks.faults.<name> [--smoke] [--seed N] [--json]``; a full run writes ``results/<name>.json``.
"""
