"""A node comes to a site, gets a new network, and leaves it again.

Everything but the book's row is derived, and the row is written last. So wherever the power fails,
the site is as before plus files that the next try writes again, the same.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from . import book, identity_image, keys, server_keys
from . import network as networks
from .book import Entry
from .network import Network


def add(site: Path, node: str, board: str, network: Network, today: datetime.date) -> Path:
    """Enter `node` in the site's book and return the path of its identity sector.

    Raises SiteError, with nothing written, when the name is taken or a value is wrong.
    """
    networks.check(network)
    site.mkdir(parents=True, exist_ok=True)
    with book.editing(site) as opened:
        opened.add(Entry(node, board, today.isoformat(), "new"))
        master = keys.master_secret(site)
        image = identity_image.write(site, node, network, master)
        server_keys.write(site, opened.entries, master)
    return image


def renew(site: Path, node: str, network: Network) -> Path:
    """Write the identity sector of a node that the book has, with a new network; return its path."""
    networks.check(network)
    with book.editing(site) as opened:
        opened.entry(node)
        return identity_image.write(site, node, network, keys.master_secret(site))


def retire(site: Path, node: str) -> None:
    """Take the right to write from `node`. Its row stays: a name is never used twice.

    The server's keys are written first: a node that was stolen is locked out even if the
    power fails before the book says so.
    """
    with book.editing(site) as opened:
        opened.set_state(node, "retired")
        server_keys.write(site, opened.entries, keys.master_secret(site))


def renew_server_keys(site: Path) -> int:
    """Write the server's keys after the book was edited by hand; return how many nodes may write."""
    with book.editing(site) as opened:
        server_keys.write(site, opened.entries, keys.master_secret(site))
        return sum(entry.may_write for entry in opened.entries)
