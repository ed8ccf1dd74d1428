"""Getting creators in: how fast, in which encoding, and an installation that has them."""
