"""The services on one machine without Docker: a real OpenSearch and a real Redis as child processes."""
