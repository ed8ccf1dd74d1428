"""Speed of completion; see ``README.md``."""
