"""Keep the book of nodes: add a node, list them, show one, retire one."""

from __future__ import annotations

import datetime
import getpass
import warnings
from pathlib import Path
from typing import TextIO

import click
from torgpuls.host_tools.errors import UserError

site_option = click.option(
    "--site",
    type=click.Path(path_type=Path, file_okay=False),
    default="site",
    show_default=True,
    help="The site's folder: its book, its secrets, its store.",
)
node_argument = click.argument("node")


@click.group()
def command() -> None:
    """Keep the book of nodes of one site.

    A node is a board: its name, its keys, and the network that it needs to come home.
    The book (SITE/nodes.csv) is a plain table that you may also edit by hand.
    """


@command.command(short_help="Add NODE to the book and make its identity.")
@node_argument
@site_option
@click.option("--board", help="The kind of board: a folder of boards/.")
@click.option(
    "--server-host", default="localhost", show_default=True, help="Where the node sends its reports."
)
@click.option("--server-port", type=int, default=8443, show_default=True, help="HTTPS port of the server.")
@click.option("--org", default="torgpuls", show_default=True, help="Organisation in the store.")
@click.option("--bucket", default="torgpuls", show_default=True, help="Bucket in the store.")
@click.option(
    "--ca", type=click.Path(path_type=Path), help="CA certificate, PEM.  [default: SITE/tls/ca.pem]"
)
@click.option("--wifi-ssid", default="", help="Name of the Wi-Fi. Without it the node uses Ethernet.")
@click.option(
    "--wifi-password-file",
    type=click.File("r", encoding="utf-8"),
    help="File with the Wi-Fi password, - for standard input. Without it you are asked.",
)
@click.option("--wifi-open", is_flag=True, help="The Wi-Fi has no password.")
@click.option("--ntp", multiple=True, metavar="HOST", help="Time server; give it twice for two.")
@click.option(
    "--renew", is_flag=True, help="The node is in the book: write its identity again (new network)."
)
def add(
    node: str,
    site: Path,
    board: str | None,
    server_host: str,
    server_port: int,
    org: str,
    bucket: str,
    ca: Path | None,
    wifi_ssid: str,
    wifi_password_file: TextIO | None,
    wifi_open: bool,
    ntp: tuple[str, ...],
    renew: bool,
) -> None:
    """Add NODE to the book and make the identity that is flashed to its board.

    Writes SITE/nodes/NODE.identity (4096 bytes, secret) and tells the server the node's keys
    (SITE/nodes.keys). A running torgpuls serve notices by itself.
    """
    from torgpuls.provisioning import enrolment
    from torgpuls.provisioning.network import Network, ca_der

    network = Network(
        wifi_ssid=wifi_ssid,
        wifi_password=_wifi_password(wifi_ssid, wifi_password_file, wifi_open),
        server_host=server_host,
        server_port=server_port,
        org=org,
        bucket=bucket,
        ca_der=ca_der(ca or site / "tls" / "ca.pem"),
        ntp_servers=_ntp_servers(ntp),
    )
    if renew:
        image = enrolment.renew(site, node, network)
    else:
        image = enrolment.add(site, node, _board(board, wifi_ssid), network, datetime.date.today())
    click.echo(f"{node}: reports to https://{server_host}:{server_port}, identity in {image}")


@command.command(name="list")
@site_option
def list_nodes(site: Path) -> None:
    """List the nodes of the book, in its order."""
    from torgpuls.provisioning import book

    entries = book.read(site).entries
    if not entries:
        raise UserError(f"{book.path_in(site)} has no node yet: torgpuls node add NODE --site {site}")
    rows = [("node", "board", "made", "state"), *entries]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@command.command(short_help="Show what is known of NODE, but no secret.")
@node_argument
@site_option
def show(node: str, site: Path) -> None:
    """Show what is known of NODE: its row, and its identity without the secrets."""
    from torgpuls.provisioning import book, identity_image, server_keys

    entry = book.read(site).entry(node)
    may_write = "yes" if node in server_keys.read(site) else "no"
    rows = {**entry._asdict(), "may write": may_write, **identity_image.describe(site, node)}
    for name, value in rows.items():
        click.echo(f"{name:<14}{value}")


@command.command(short_help="Take from NODE the right to write, at once.")
@node_argument
@site_option
def retire(node: str, site: Path) -> None:
    """Take from NODE the right to write, at once: for a board that was stolen, lost or replaced.

    What it reported stays. Its row stays too, so that its name is not given again.
    """
    from torgpuls.provisioning import enrolment

    enrolment.retire(site, node)
    click.echo(f"{node}: retired, the server takes nothing from it any more")


@command.command(short_help="Tell the server the keys again, after an edit.")
@site_option
def keys(site: Path) -> None:
    """Tell the server the nodes' keys again, after the book was edited by hand."""
    from torgpuls.provisioning import enrolment

    count = enrolment.renew_server_keys(site)
    click.echo(f"{count} node{'' if count == 1 else 's'} may write")


def _wifi_password(ssid: str, file: TextIO | None, is_open: bool) -> str:
    if file is not None:
        try:
            password = str(file.read()).rstrip("\r\n")
        except UnicodeDecodeError:
            raise UserError(f"the Wi-Fi password in {file.name} is not text: save it as UTF-8") from None
        if not password:
            raise UserError(f"the Wi-Fi password in {file.name} is empty: say --wifi-open if there is none")
        return password
    if is_open or not ssid:
        return ""
    # Never an option of its own: a command line is seen by every process and kept in the history.
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return str(click.prompt(f"Password of Wi-Fi {ssid}", hide_input=True, err=True))
        except getpass.GetPassWarning:
            raise UserError(
                f"no terminal to ask for Wi-Fi {ssid}'s password: add --wifi-password-file or --wifi-open"
            ) from None


def _ntp_servers(given: tuple[str, ...]) -> tuple[str, str]:
    if len(given) > 2:
        raise UserError(f"{len(given)} time servers: give one or two")
    first = given[0] if given else "0.pool.ntp.org"
    return first, given[-1] if given else "1.pool.ntp.org"


def _board(name: str | None, wifi_ssid: str) -> str:
    """Return the board's name if there is such a board and it can come home that way."""
    import importlib
    from importlib import resources

    folders = [folder for folder in resources.files("torgpuls.boards").iterdir() if folder.is_dir()]
    known = sorted(folder.name for folder in folders if not folder.name.startswith("_"))
    if name is None:
        raise UserError(f"which board is it? Add --board with one of: {', '.join(known)}")
    if name not in known:
        raise UserError(f"no board {name!r}: use one of {', '.join(known)}")
    if importlib.import_module(f"torgpuls.boards.{name}.board").ETHERNET is None and not wifi_ssid:
        raise UserError(f"{name} has no Ethernet: add --wifi-ssid")
    return name
