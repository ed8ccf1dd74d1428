"""Second stage: candidates in, scores with their reasons out; pure."""
