"""The site's certificates: made once, renewed in time, and checked by strangers' TLS."""

import asyncio
import contextlib
import re
import socket
import ssl
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from serving import Serving
from torgpuls.host_tools.errors import UserError
from torgpuls.host_tools.server import run, tls

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


def prepared(site, *names, after_days=0):
    files = tls.prepare(site, names, NOW + timedelta(days=after_days))
    return files, x509.load_pem_x509_certificate(files.server.read_bytes())


def test_the_first_start_makes_a_ca_and_a_certificate_that_openssl_accepts(tmp_path):
    files, _ = prepared(tmp_path)
    at = ["-attime", str(int(NOW.timestamp()))]
    for name in (
        "-verify_hostname localhost",
        "-verify_ip 127.0.0.1",
        f"-verify_hostname {socket.gethostname()}",
    ):
        command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", *at, *name.split()]
        done = subprocess.run([*command, "-CAfile", files.ca, files.server], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_keys_are_p256_and_for_their_owner_only(tmp_path):
    files, certificate = prepared(tmp_path)
    for key in (files.ca_key, files.server_key):
        assert key.stat().st_mode & 0o777 == 0o600
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    for made in (ca, certificate):
        assert isinstance(made.public_key().curve, ec.SECP256R1)


def test_validity_is_ten_years_for_the_ca_and_at_most_397_days_for_the_server(tmp_path):
    files, certificate = prepared(tmp_path)
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    assert ca.not_valid_after_utc - ca.not_valid_before_utc == timedelta(days=3652)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=397)
    assert certificate.not_valid_before_utc <= NOW


@pytest.mark.parametrize(("after_days", "renewed"), [(0, False), (365, False), (366, True), (500, True)])
def test_the_server_certificate_is_renewed_in_its_last_month_and_when_it_has_expired(
    tmp_path, after_days, renewed
):
    files, first = prepared(tmp_path)
    ca = files.ca.read_bytes()
    _, second = prepared(tmp_path, after_days=after_days)
    assert (second != first) == renewed
    assert files.ca.read_bytes() == ca


def test_it_is_renewed_when_the_names_change_and_holds_them_all(tmp_path):
    _, first = prepared(tmp_path)
    _, second = prepared(tmp_path, "counts.example.se", "192.0.2.7")
    assert second != first
    held = second.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "counts.example.se" in held.get_values_for_type(x509.DNSName)
    assert "192.0.2.7" in map(str, held.get_values_for_type(x509.IPAddress))
    assert prepared(tmp_path, "counts.example.se", "192.0.2.7")[1] == second


def test_a_renewal_that_was_cut_in_the_middle_is_done_again(tmp_path):
    files, first = prepared(tmp_path)
    files.server_key.write_bytes(files.ca_key.read_bytes())  # the new key is there, the old certificate too
    _, second = prepared(tmp_path)
    assert second.public_key() != first.public_key()


def test_a_key_that_others_can_read_is_refused(tmp_path):
    for which in ("ca_key", "server_key"):
        files, _ = prepared(tmp_path)
        key = getattr(files, which)
        key.chmod(0o644)
        with pytest.raises(UserError, match=rf"{key} can be read by other users.*chmod 600 {key}"):
            prepared(tmp_path)
        key.chmod(0o600)


def test_a_ca_without_its_key_is_never_replaced_silently(tmp_path):
    files, _ = prepared(tmp_path)
    files.ca_key.unlink()
    with pytest.raises(UserError, match=r"ca\.key is missing: put back a copy"):
        prepared(tmp_path)
    assert files.ca.exists()


def test_a_first_start_that_was_cut_between_key_and_certificate_is_done_again(tmp_path):
    files, _ = prepared(tmp_path)
    files.ca.unlink()
    with pytest.raises(UserError, match=r"ca\.pem is missing: put back a copy"):
        prepared(tmp_path)  # not the first start: nodes trust that certificate
    files.server.unlink()
    prepared(tmp_path)
    assert files.ca.exists()


@pytest.mark.parametrize("which", ["ca", "ca_key"])
def test_a_damaged_ca_is_named(tmp_path, which):
    files, _ = prepared(tmp_path)
    getattr(files, which).write_text("rubbish")
    with pytest.raises(UserError, match=r"is damaged: put back a copy"):
        prepared(tmp_path)


def test_an_expired_ca_says_what_it_takes(tmp_path):
    prepared(tmp_path)
    with pytest.raises(UserError, match=r"ca\.pem expired on 2036-04-29.*provision the nodes again"):
        prepared(tmp_path, after_days=4000)


@pytest.mark.parametrize("name", ["torgpulsräknare", "", "two words", "*", "https://store"])
def test_a_name_that_no_certificate_can_hold_is_refused(tmp_path, name):
    with pytest.raises(UserError, match=f"--name {re.escape(repr(name))}"):
        prepared(tmp_path, name)


def test_a_server_that_runs_on_serves_the_renewed_certificate_without_a_restart(tmp_path):
    files, first = prepared(tmp_path)
    context = tls.context(files)
    assert served(context) == first.public_bytes(Encoding.DER)
    files, second = prepared(tmp_path, after_days=380)
    tls.load(context, files)
    assert served(context) == second.public_bytes(Encoding.DER) != first.public_bytes(Encoding.DER)


def served(context):
    """Return the certificate (DER) that a client is shown; the two talk through memory."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server),
        context.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(3):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return ends[0].getpeercert(binary_form=True)


def test_renewing_goes_on_after_a_day_on_which_it_failed(capsys):
    outcomes = iter([UserError("ca.pem expired"), None, None])
    done = []

    def renew():
        outcome = next(outcomes)
        if outcome:
            raise outcome
        done.append(True)

    async def some_days():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(run.keep_renewed(renew, 0.01), 0.2)

    with contextlib.suppress(RuntimeError):  # no fourth outcome
        asyncio.run(some_days())
    assert done == [True, True]
    assert capsys.readouterr().err == "torgpuls: ca.pem expired\n"


def test_the_server_speaks_tls_1_2_and_1_3_over_p256_and_nothing_older(tmp_path):
    with Serving(tmp_path) as server:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client = ssl.create_default_context(cafile=str(server.ca))
            client.minimum_version = client.maximum_version = version
            client.set_ecdh_curve("prime256v1")
            with socket.create_connection(("127.0.0.1", server.port)) as raw:
                client.wrap_socket(raw, server_hostname="localhost").close()
        old = ssl.create_default_context(cafile=str(server.ca))
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", server.port)) as raw, pytest.raises(OSError):
            old.wrap_socket(raw, server_hostname="localhost")
