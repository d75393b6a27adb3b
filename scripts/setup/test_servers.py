"""The servers and the browser that tests use, from Debian's packages where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping

from scripts.setup.steps import SetupError, run

PACKAGE_OF = {
    "mariadbd": "mariadb-server-core",
    "mariadb": "mariadb-client",
    "radosgw": "radosgw",
    "ceph-mon": "ceph-mon",
    "ceph-osd": "ceph-osd",
    "ceph": "ceph-common",
    "uuidgen": "uuid-runtime",
    "chromium-headless-shell": "chromium-headless-shell",
    "nginx": "nginx-light",
}
# An ordinary user's path leaves out the folders where Debian puts servers.
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def ensure_test_servers() -> None:
    """Install what is missing. Where that cannot be done it says so: those tests then skip, or fail in CI."""
    ensure_programs(PACKAGE_OF)


def ensure_programs(packages: Mapping[str, str]) -> None:
    """Install those that are missing, as program -> Debian package; tell where that cannot be done."""
    missing = [
        package for program, package in packages.items() if shutil.which(program, path=SEARCH_PATH) is None
    ]
    if not missing:
        return
    names = " ".join(missing)
    prefix = _rights_prefix()
    if prefix is None or shutil.which("apt-get") is None:
        print(
            f"Not installed: {names}. Tests that need them are skipped. On Debian and Ubuntu:\n"
            f"    sudo apt-get install --no-install-recommends {names}"
        )
        return
    print(f"Installing {names} (a few minutes the first time) … ", end="", flush=True)
    try:
        _install(prefix, missing)
    except SetupError as error:
        print(f"failed\n{error}")
    else:
        print("done", flush=True)


def _rights_prefix() -> list[str] | None:
    """What to put before a command so that it may install packages; None if nothing helps."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def _install(prefix: list[str], packages: list[str]) -> None:
    advice = "Tests that need these packages are skipped; install them by hand to run them."
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run([*prefix, "apt-get", "update", "-qq"], advice=advice, environ=quiet)
    command = [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    run(command, advice=advice, environ=quiet)
