"""`python3 -m scripts.setup run|test|bench|check|vendor`: bring this folder up to date for that target."""

from __future__ import annotations

import sys

from scripts.setup import frontend, python_packages, recognition_models, test_servers
from scripts.setup.steps import SetupError, one_at_a_time


def prepare_run() -> None:
    """Everything but the database, which the program itself makes and migrates."""
    python_packages.ensure_packages()
    frontend.ensure_vendor()
    python_packages.ensure_recognition_packages()
    recognition_models.ensure_models()


def prepare_test() -> None:
    """What runs, its test tools, and real servers and a browser to test against."""
    prepare_run()
    python_packages.ensure_development_packages()
    test_servers.ensure_test_servers()


def prepare_bench() -> None:
    """What runs, the packages it is measured with, and a program that plays many people."""
    prepare_run()
    python_packages.ensure_development_packages()
    python_packages.ensure_bench_packages()
    test_servers.ensure_programs({"wrk": "wrk"})


def prepare_check() -> None:
    """What type checkers and linters read and need."""
    python_packages.ensure_packages()
    # The type checker reads these too.
    python_packages.ensure_recognition_packages()
    python_packages.ensure_development_packages()
    frontend.ensure_npm_packages(for_development=True)
    frontend.ensure_vendor()


TARGETS = {
    "run": prepare_run,
    "test": prepare_test,
    "bench": prepare_bench,
    "check": prepare_check,
    "vendor": frontend.ensure_vendor,
    "packages": python_packages.ensure_packages,
}


def main(arguments: list[str]) -> int:
    """Exit status: 0 ready, 1 a step failed and said why, 2 an unknown target."""
    if len(arguments) != 1 or arguments[0] not in TARGETS:
        print(f"usage: python3 -m scripts.setup {'|'.join(TARGETS)}", file=sys.stderr)
        return 2
    try:
        with one_at_a_time():
            TARGETS[arguments[0]]()
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
