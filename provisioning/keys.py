"""The keys of a site: one master secret, and each node's keys derived from it.

    master.secret (32 bytes) --HKDF-SHA256, info "torgpuls/<node>/<purpose>"--> one key per node and purpose

So the book of nodes holds no key, a lost laptop is replaced by one 32-byte backup, and no node's
key says anything about another's.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from . import files
from .errors import SiteError

MASTER_SECRET_SIZE = 32
REPORT_KEY_SIZE = 32
TOKEN_RANDOM_SIZE = 24  # 32 characters of base64url


def master_secret(site: Path) -> bytes:
    """Return the site's master secret; draw it on first use, and never again.

    Raises SiteError when the file is not one: a wrong secret would make wrong keys for every node.
    """
    path = site / "master.secret"
    if not path.exists():
        if (site / "nodes.keys").exists():  # server_keys.py: keys were made from a secret that is gone
            raise SiteError(
                f"{path} is missing, and the nodes' keys follow from it: restore it from your backup "
                f"(or remove {site / 'nodes.keys'} for a new one, and give every board a new identity)"
            )
        files.write_once(path, os.urandom(MASTER_SECRET_SIZE), files.SECRET_MODE)
    if path.stat().st_mode & 0o077:
        raise SiteError(f"{path} may be read by others: chmod 600 {path}")
    secret = path.read_bytes()
    if len(secret) != MASTER_SECRET_SIZE:
        raise SiteError(
            f"{path} has {len(secret)} bytes instead of {MASTER_SECRET_SIZE}: restore it from your backup"
        )
    return secret


def report_key(master: bytes, node: str) -> bytes:
    """Return the 32-byte key under which `node` seals its reports."""
    return _node_key(master, node, "report", REPORT_KEY_SIZE)


def write_token(master: bytes, node: str) -> str:
    """Return the token of 32 URL-safe characters with which `node` may write, and only as itself."""
    return base64.urlsafe_b64encode(_node_key(master, node, "token", TOKEN_RANDOM_SIZE)).decode("ascii")


def hkdf_sha256(secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    """Return `size` bytes of HKDF with SHA-256 (RFC 5869); an empty salt is RFC's default."""
    return HKDF(algorithm=SHA256(), length=size, salt=salt, info=info).derive(secret)


def _node_key(master: bytes, node: str, purpose: str, size: int) -> bytes:
    return hkdf_sha256(master, b"", f"torgpuls/{node}/{purpose}".encode("ascii"), size)
