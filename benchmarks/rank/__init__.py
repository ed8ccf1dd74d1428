"""Speed of the second stage."""
