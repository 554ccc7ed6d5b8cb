"""Keep the book of nodes: add a node, list them, show one."""

from __future__ import annotations

import click


@click.group()
def command() -> None:
    """Keep the book of nodes of one site.

    A node is a board: its name, its keys, and the network that it needs to come home.
    The book (SITE/nodes.csv) is a plain table that you may also edit by hand.
    """
