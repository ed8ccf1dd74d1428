"""Readers of table files: bytes on disk → numbered rows, with what is wrong about a row kept beside it."""
