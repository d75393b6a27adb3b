"""From a file's bytes to everything we keep of the picture, decoded in guarded child processes.

`pool.Decoders` is the way in. Importing this package, `limits`, `sniff` or `pool` loads neither Pillow nor
numpy: only the children do, so a web process never pays for them or runs their parsers.
"""
