"""What must not get slower: ratios between ways to ask, and counts of work per search."""
