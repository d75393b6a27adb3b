"""Gets a machine ready for `make run`, `make test` and `make check`, with the standard library alone."""
