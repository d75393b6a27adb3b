"""Processes of test servers."""

import subprocess


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Ask a process to end, and make it end after so many seconds."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
