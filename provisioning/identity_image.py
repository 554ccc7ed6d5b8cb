"""A node's identity sector as a file: SITE/nodes/NODE.identity, what is flashed to its board."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from cryptography import x509
from torgpuls.firmware.node import identity
from torgpuls.firmware.node.errors import IdentityError
from torgpuls.firmware.node.identity import Identity

from . import files, keys
from .errors import SiteError
from .network import Network


def path_in(site: Path, node: str) -> Path:
    """Return where the identity of `node` is."""
    return site / "nodes" / f"{node}.identity"


def pack(node: str, network: Network, master: bytes) -> bytes:
    """Return the sector of `node`. Raises IdentityError when a value does not fit its row."""
    first, second = network.ntp_servers
    return identity.pack(
        Identity(  # type: ignore[no-untyped-call]  # MicroPython code has no **values: object
            node=node,
            report_key=keys.report_key(master, node),
            token=keys.write_token(master, node),
            ssid=network.wifi_ssid,
            password=network.wifi_password,
            host=network.server_host,
            port=network.server_port,
            org=network.org,
            bucket=network.bucket,
            ca_der=network.ca_der,
            clock_server_1=first,
            clock_server_2=second,
        )
    )


def write(site: Path, node: str, network: Network, master: bytes) -> Path:
    """Write the sector of `node`, whole, readable by its owner only; return its path."""
    sector = pack(node, network, master)
    path = path_in(site, node)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    files.write_whole(path, sector, files.SECRET_MODE)
    return path


def read(site: Path, node: str) -> dict[str, Any]:
    """Return the rows of `node`'s identity by name. Raises SiteError with the file and the remedy."""
    path = path_in(site, node)
    try:
        return vars(identity.read(path.read_bytes()))
    except FileNotFoundError:
        problem = "is missing"
    except IdentityError:
        problem = "is damaged"
    raise SiteError(f"{path} {problem}: torgpuls node add {node} --site {site} --renew")


def describe(site: Path, node: str) -> dict[str, str]:
    """Return what a person may see of a node's identity, by name: no key, token or password."""
    found = read(site, node)
    ca = x509.load_der_x509_certificate(found["ca_der"])
    return {
        "identity": str(path_in(site, node)),
        "server": f"https://{found['host']}:{found['port']}",
        "org, bucket": f"{found['org']}, {found['bucket']}",
        "network": f"Wi-Fi {found['ssid']}" if found["ssid"] else "Ethernet",
        "time servers": f"{found['clock_server_1']}, {found['clock_server_2']}",
        "CA": f"{ca.subject.rfc4514_string()}, until {ca.not_valid_after_utc:%Y-%m-%d}",
        "CA sha256": hashlib.sha256(found["ca_der"]).hexdigest(),
    }
