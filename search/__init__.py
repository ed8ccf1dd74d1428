"""Stage 6: reads SearchRequest and the search index, writes ranked, explained CreatorHits."""
