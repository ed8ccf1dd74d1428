"""Stage 1: the outside world becomes raw records in the lake.

A fetcher reads what it needs to page, to date and to file an answer, and nothing else; meaning is the normaliser's.
"""
