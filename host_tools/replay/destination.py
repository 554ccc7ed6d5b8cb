"""To which server a replayed node uploads, as which node."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from torgpuls.firmware.node import identity
from torgpuls.firmware.node.errors import IdentityError
from torgpuls.host_tools.errors import UserError
from torgpuls.provisioning.network import ca_der

HTTPS_PORT = 443
SERVER_ALONE = "give the server alone, as in https://counts.example.org:8443"


def sector(identity_file: Path | None, url: str | None, ca: Path | None) -> bytes:
    """Return the identity sector to play with, b"" when nothing is to be uploaded.

    url and ca replace the server and the certificate that the identity names. Raises UserError.
    """
    if identity_file is None:
        if url or ca:
            raise UserError(
                "--url and --ca need --identity: without a node's token no server takes its reports; "
                "torgpuls node add makes one"
            )
        return b""
    values = _read(identity_file)
    if url:
        values["host"], values["port"] = host_and_port(url)
    if ca:
        values["ca_der"] = ca_der(ca)
    return bytes(identity.pack(identity.Identity(**values)))  # type: ignore[no-untyped-call]


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return vars(identity.read(file.read(identity.SECTOR_SIZE + 1)))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file: torgpuls node add makes a node's identity") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder: name the node's identity file in it") from None
    except IdentityError as error:
        raise UserError(f"{path}: {error}") from None


def host_and_port(url: str) -> tuple[str, int]:
    """Return the server of an https URL. Raises UserError that says what is wrong with it."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        raise UserError(f"--url {url}: {SERVER_ALONE}") from None
    if scheme != "https":
        raise UserError(f"--url {url}: must begin with https://, a node sends nothing unencrypted")
    if not host or port == 0 or parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise UserError(f"--url {url}: {SERVER_ALONE}")
    return host, port or HTTPS_PORT
