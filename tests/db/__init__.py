"""The rows, on both engines."""
