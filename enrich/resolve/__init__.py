"""Stage 3: which accounts are the same person."""
