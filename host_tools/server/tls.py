"""The site's own certificate authority, and the server certificate that it issues.

    SITE/tls/ca.pem, ca.key           10 years; every node of the site trusts this one certificate
    SITE/tls/server.pem, server.key   397 days; renewed in time, and no node needs to hear of it

P-256 throughout: mbedTLS on the ESP32 has no Ed25519 and, as MicroPython builds it, no X25519.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from torgpuls.host_tools.errors import UserError
from torgpuls.provisioning import files

CA_VALIDITY = timedelta(days=3652)
SERVER_VALIDITY = timedelta(days=397)  # CA/Browser Forum, Baseline Requirements 6.3.2
RENEW_BEFORE = timedelta(days=30)
# A laptop without a battery-backed clock may be behind; a certificate from its future is refused.
BACKDATE = timedelta(days=1)
HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")


class Tls(NamedTuple):
    """Where the files are."""

    ca: Path
    ca_key: Path
    server: Path
    server_key: Path


def prepare(site: Path, extra_names: Sequence[str], now: datetime) -> Tls:
    """Return the TLS files of `site`, made or renewed as needed; each is written whole.

    extra_names: host names or addresses besides localhost and this machine's. Raises UserError.
    """
    folder = site / "tls"
    tls = Tls(folder / "ca.pem", folder / "ca.key", folder / "server.pem", folder / "server.key")
    names = server_names(extra_names)
    folder.mkdir(mode=0o755, exist_ok=True)
    # A key alone is from a first start that was cut short: nothing was ever issued with it.
    if not tls.ca.exists() and not tls.server.exists():
        _make_ca(tls, now)
    ca, ca_key = _read_pair(tls.ca, tls.ca_key)
    if ca.not_valid_after_utc <= now:
        raise UserError(
            f"{tls.ca} expired on {ca.not_valid_after_utc:%Y-%m-%d}: remove {folder} to make a new one, "
            f"then provision the nodes again (they trust this one)"
        )
    if not _serves(tls, ca, names, now):
        _make_server(tls, ca, ca_key, names, now)
    return tls


def server_names(extra: Sequence[str]) -> list[str]:
    """Return the names and addresses that the certificate holds, without repeats."""
    return list(dict.fromkeys(["localhost", "127.0.0.1", "::1", socket.gethostname().lower(), *extra]))


def context(tls: Tls) -> ssl.SSLContext:
    """Return the server's side of TLS 1.2 and 1.3. P-256 is among OpenSSL's default groups."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    load(made, tls)
    # A node connects once per window: a ticket would be older than the server keeps it.
    made.num_tickets = 0
    made.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    return made


def load(into: ssl.SSLContext, tls: Tls) -> None:
    """Use the certificate that is in the files now; connections that are open keep the one before."""
    into.load_cert_chain(tls.server, tls.server_key)


def _make_ca(tls: Tls, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"Torgpuls site CA {x509.random_serial_number():x}"[:40])]
    )
    usage = _key_usage(key_cert_sign=True, crl_sign=True)
    certificate = (
        _builder(name, name, key.public_key(), now, CA_VALIDITY)
        # It signs server certificates and no further CA.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    files.write_whole(tls.ca_key, _key_pem(key), files.SECRET_MODE)
    files.write_whole(tls.ca, certificate.public_bytes(serialization.Encoding.PEM), files.PUBLIC_MODE)


def _make_server(
    tls: Tls, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, names: Sequence[str], now: datetime
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Torgpuls server")])
    certificate = (
        _builder(
            subject, ca.subject, key.public_key(), now, min(SERVER_VALIDITY, ca.not_valid_after_utc - now)
        )
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    # The certificate last: with a power cut between the two it does not fit the key, and is renewed.
    files.write_whole(tls.server_key, _key_pem(key), files.SECRET_MODE)
    files.write_whole(tls.server, certificate.public_bytes(serialization.Encoding.PEM), files.PUBLIC_MODE)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, validity: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now - BACKDATE + validity)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _serves(tls: Tls, ca: x509.Certificate, names: Sequence[str], now: datetime) -> bool:
    """Return whether the server certificate there is good for `names` for another month."""
    if not tls.server.exists() or not tls.server_key.exists():
        return False
    try:
        certificate, _ = _read_pair(tls.server, tls.server_key)
        certificate.verify_directly_issued_by(ca)
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (UserError, InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        if os.access(tls.server_key, os.R_OK) and not _readable_by_others(tls.server_key):
            return False  # half of a renewal, or of another CA: make it anew
        raise
    good_until = certificate.not_valid_after_utc - RENEW_BEFORE
    return set(held) == {_general_name(name) for name in names} and now < good_until


def _read_pair(certificate_path: Path, key_path: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return certificate and key that belong together. Raises UserError."""
    if _readable_by_others(key_path):
        raise UserError(f"{key_path} can be read by other users of this machine: chmod 600 {key_path}")
    folder = certificate_path.parent
    remedy = f"put back a copy, or remove {folder} to make new ones (nodes must then be provisioned again)"
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise UserError(f"{error.filename} is missing: {remedy}") from None
    except PermissionError as error:
        raise UserError(
            f"{error.filename} cannot be read by this user: run as the user who owns it"
        ) from None
    except (ValueError, TypeError):
        raise UserError(f"{certificate_path} or {key_path} is damaged: {remedy}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise UserError(f"{key_path} does not belong to {certificate_path}: {remedy}")
    return certificate, key


def _readable_by_others(key_path: Path) -> bool:
    try:
        return bool(key_path.stat().st_mode & 0o077)
    except OSError:
        return False


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    if not HOST_NAME.fullmatch(name):
        raise UserError(f"--name {name!r}: write the name as in DNS, letters outside ASCII as xn--…")
    return x509.DNSName(name)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _key_usage(
    digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=key_cert_sign, crl_sign=crl_sign,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
