"""Creators that exist only here: as many as wanted, the same by seed, the first of a million those of a thousand."""
