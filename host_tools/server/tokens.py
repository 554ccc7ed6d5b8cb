"""Who may write: the write tokens of a site's nodes, as SITE/nodes.keys says at this moment."""

from __future__ import annotations

import hashlib
import hmac
import sys
from pathlib import Path

from torgpuls.provisioning import server_keys
from torgpuls.provisioning.errors import SiteError


class Tokens:
    """The nodes' token hashes; read again when the file has been replaced."""

    def __init__(self, site: Path):
        """Raises SiteError when the file is damaged. No file yet is no node yet."""
        self._site = site
        self._stamp = self._stamp_now()
        self._nodes = self._read()

    def node_of(self, token: str) -> str | None:
        """Return the node that `token` belongs to, None when it is nobody's."""
        self._read_again_if_replaced()
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        # The look-up may tell by its time where a hash differs, but nobody can steer SHA-256 by that.
        node = self._nodes.get(digest)
        if node is None or not hmac.compare_digest(node[1], digest):
            return None
        return node[0]

    def _read(self) -> dict[bytes, tuple[str, bytes]]:
        keys = server_keys.read(self._site)
        return {row.token_sha256: (node, row.token_sha256) for node, row in keys.items()}

    def _read_again_if_replaced(self) -> None:
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._nodes = self._read()
        except (SiteError, OSError) as error:
            print(f"torgpuls: {error}; until then the nodes known before may write", file=sys.stderr)

    def _stamp_now(self) -> tuple[int, int, int] | None:
        try:
            status = server_keys.path_in(self._site).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
