"""HTTP and nothing else: pages, the JSON API, and the checks before both."""
