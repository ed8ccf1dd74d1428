"""The contract between writing and reading: index definitions, field names, and the dictionaries both sides share."""
