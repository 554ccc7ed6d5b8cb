"""The CA certificate that a node gets: one that it can check, and that is a CA's."""

import pytest
from adapters.certificates import DAY, NOW, issue
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from torgpuls.provisioning.errors import SiteError
from torgpuls.provisioning.network import ca_der

CA = issue("Torgpuls test CA", ca=True)


def _pem(certificate):
    return certificate.public_bytes(Encoding.PEM)


def _ed25519_ca():
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    return builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
        key, None
    )


def test_a_ca_certificate_in_pem_form_comes_back_as_der(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_bytes(_pem(CA.certificate))
    assert ca_der(path) == CA.der()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ca.pem is not a certificate in PEM form"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "is not a certificate in PEM form",
        ),
        (_pem(CA.certificate) * 2, "holds 2 certificates: give one file with the CA's alone"),
        (_pem(issue("store", by=CA).certificate), "is a server's certificate, not the CA's"),
        (_pem(_ed25519_ca()), "has a key of a kind that the nodes cannot check: use P-256 or RSA"),
    ],
)
def test_a_file_that_is_no_usable_ca_is_refused_with_the_remedy(tmp_path, content, message):
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(SiteError, match=message):
        ca_der(path)


def test_a_site_on_which_serve_never_ran_says_so(tmp_path):
    with pytest.raises(SiteError, match="start torgpuls serve once on this site"):
        ca_der(tmp_path / "ca.pem")
