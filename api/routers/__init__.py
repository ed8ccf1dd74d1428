"""Routes, one file a subject; an endpoint only translates."""
