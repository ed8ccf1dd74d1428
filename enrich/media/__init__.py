"""Pictures, recordings and films become text: read once, kept by the hash of their bytes."""
