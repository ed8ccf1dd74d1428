"""Who is who, measured: one pool of all accounts of a file of people, labels hidden, found again and compared."""
