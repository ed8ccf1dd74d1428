"""Bodies of requests to OpenSearch; pure: plain values in, plain dicts out, nothing is sent."""
