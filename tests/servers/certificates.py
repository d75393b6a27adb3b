"""A certificate authority of our own, and certificates for servers on this machine."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

DAYS = "2"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Certificate:
    """Files of PEM."""

    chain: Path
    key: Path


class Authority:
    """Signs certificates; `certificate` is what a client has to trust. Its files lie in `folder`."""

    def __init__(self, folder: Path, name: str = "Bigimage test authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.certificate = folder / "authority.pem"
        self._key = folder / "authority.key"
        out = ("-keyout", str(self._key), "-out", str(self.certificate))
        _openssl("req", "-x509", *KEY, *out, "-days", DAYS, "-subj", f"/CN={name}")

    def issue(self, *names: str) -> Certificate:
        """A certificate for these names and addresses of a server."""
        stem = self._folder / "-".join(name.replace(":", "_") for name in names)
        made = Certificate(stem.with_name(f"{stem.name}.pem"), stem.with_name(f"{stem.name}.key"))
        listed = ",".join(f"{'IP' if name[-1].isdigit() or ':' in name else 'DNS'}:{name}" for name in names)
        _openssl(
            *("req", "-x509", *KEY, "-keyout", str(made.key), "-out", str(made.chain), "-days", DAYS),
            *("-CA", str(self.certificate), "-CAkey", str(self._key), "-subj", f"/CN={names[0]}"),
            *("-addext", f"subjectAltName={listed}", "-addext", "basicConstraints=critical,CA:FALSE"),
            *("-addext", "extendedKeyUsage=serverAuth"),
        )
        return made


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr}")
