"""Which pictures are the same: PDQ hashes, and exact search among many."""
