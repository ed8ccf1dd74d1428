"""Stage 7: reads HTTP requests and command lines, writes answers; the composition root."""
