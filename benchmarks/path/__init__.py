"""What one search costs on its way through the API: processor time, requests and bytes, against another state."""
