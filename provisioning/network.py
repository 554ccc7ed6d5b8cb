"""How a node comes home: its Wi-Fi, and the server that it trusts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from .errors import SiteError

PASSPHRASE = re.compile(r"[ -~]{8,63}")  # IEEE 802.11-2020, J.4.1


class Network(NamedTuple):
    """What goes into the identity sector besides the node's own keys.

    No Wi-Fi name means Ethernet; a name without a password means an open network.
    """

    wifi_ssid: str
    wifi_password: str
    server_host: str
    server_port: int
    org: str
    bucket: str
    ca_der: bytes
    ntp_servers: tuple[str, str]


def check(network: Network) -> None:
    """Raise SiteError for a slip that the identity's own check would not see or not explain."""
    if network.wifi_password and not network.wifi_ssid:
        raise SiteError("a Wi-Fi password without a Wi-Fi name: add --wifi-ssid")
    if network.wifi_password and not PASSPHRASE.fullmatch(network.wifi_password):
        raise SiteError(f"the password of Wi-Fi {network.wifi_ssid!r} must have 8 to 63 plain characters")
    if "/" in network.server_host or re.search(r":\d+$", network.server_host.rpartition("]")[2]):
        raise SiteError(f"server {network.server_host!r}: give its name alone, the port with --server-port")


def ca_der(path: Path) -> bytes:
    """Return the CA certificate in the PEM file `path` as DER.

    Raises SiteError when there is none, more than one, or one that the board's TLS cannot check
    (mbedTLS knows elliptic curves and RSA) or should not trust (not a CA).
    """
    try:
        pem = path.read_bytes()
    except FileNotFoundError:
        raise SiteError(
            f"there is no CA certificate {path}: start torgpuls serve once on this site (it makes one), "
            "or name your server's with --ca"
        ) from None
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise SiteError(f"{path} is not a certificate in PEM form: give the CA's ca.pem") from None
    if len(found) != 1:
        raise SiteError(f"{path} holds {len(found)} certificates: give one file with the CA's alone")
    certificate = found[0]
    if not isinstance(certificate.public_key(), ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise SiteError(f"{path} has a key of a kind that the nodes cannot check: use P-256 or RSA")
    try:
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_ca = False
    if not is_ca:
        raise SiteError(f"{path} is a server's certificate, not the CA's: give the CA's ca.pem")
    return certificate.public_bytes(Encoding.DER)
