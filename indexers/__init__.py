"""Stage 5: reads Creator, Account and Signals, writes CreatorDocument to the search index."""
