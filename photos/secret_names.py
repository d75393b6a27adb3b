"""How a setting names a secret that is kept elsewhere, instead of holding it.

`ssm:/bigimage/secret-key`          a parameter of Systems Manager
`secretsmanager:bigimage/database`  a secret of Secrets Manager; its ARN alone will do
`env:NAME`                          another variable, or line of `.env`

`#field` at the end takes one field of a secret that is a JSON object.
"""

from __future__ import annotations

import re
import shlex

import msgspec

STORES = ("env", "ssm", "secretsmanager")
_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[^#\s]+")
_NAMED = re.compile(rf"({'|'.join(STORES)}):([^#\s]+)")


class SecretName(msgspec.Struct, frozen=True):
    """Where a secret is kept. `field` is empty for the whole text."""

    store: str
    name: str
    field: str = ""

    def __str__(self) -> str:
        return f"{self.store}:{self.name}" + (f"#{self.field}" if self.field else "")

    @property
    def making(self) -> str:
        """What an operator types to make it, with its text in FILE."""
        name = shlex.quote(self.name.rpartition(":")[2])
        match self.store:
            case "ssm":
                return f"aws ssm put-parameter --type SecureString --name {name} --value file://FILE"
            case "secretsmanager":
                return f"aws secretsmanager create-secret --name {name} --secret-string file://FILE"
            case _:
                return f'export {name}="$(cat FILE)"'


def find_secret_name(value: str) -> SecretName | None:
    """The name that a setting's value is; None for a value that means itself."""
    place, _, field = value.partition("#")
    if _ARN.fullmatch(place):
        return SecretName("secretsmanager", place, field)
    if named := _NAMED.fullmatch(place):
        return SecretName(named[1], named[2], field)
    return None
