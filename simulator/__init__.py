"""Every provider that we fetch from, played over real sockets from one seeded world: for tests, and for watching."""
