"""The outside world, one package per role: a Protocol, and one file per technology behind it."""
