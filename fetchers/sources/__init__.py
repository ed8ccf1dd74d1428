"""The sources: one module each, all of one shape, that turn an answer of the outside world into raw records."""
