"""What the program has to reach, measured beside a named peer in one run: `make bench`.

One file holds the figures of one part and yields them from `measure(effort)`; `__main__` runs each in a
process of its own, prints a line per bar and writes docs/performance.md.
"""
