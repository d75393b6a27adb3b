"""A judge of the local recogniser: `python -m bench.labels` shows it pictures whose content is known."""
