"""What a failed connection is called, and what a person can do about it.

The TLS libraries of the two interpreters report the same failure in different ways; their
clients name it by a cause below, so that the line somebody reads is the same on both.
"""

from . import errors

# cause: (error class, what happened, remedy)
CAUSES = {
    "expired": (
        errors.TrustError,
        "the certificate has expired",
        "renew the server's certificate, or correct this clock",
    ),
    "not_yet_valid": (
        errors.TrustError,
        "the certificate is not valid yet",
        "correct this clock, or wait for the certificate's first day",
    ),
    "wrong_name": (
        errors.TrustError,
        "the certificate is for another name",
        "use a host name that the server's certificate lists",
    ),
    "wrong_ca": (
        errors.TrustError,
        "the certificate is not signed by the CA that is trusted here",
        "give the CA certificate of this server, or check who answers at this address",
    ),
    "bad_certificate": (
        errors.TrustError,
        "the certificate was refused",
        "install a P-256 certificate signed by the CA that is trusted here",
    ),
    "not_tls": (
        errors.TrustError,
        "the answer is not TLS, probably plain HTTP",
        "use the server's HTTPS port",
    ),
    "handshake": (
        errors.TrustError,
        "the TLS handshake was refused",
        "let the server offer TLS 1.2 with ECDHE and P-256",
    ),
    "no_name": (
        errors.NetworkError,
        "the host name is not known",
        "check its spelling and the network's DNS server",
    ),
    "refused": (
        errors.NetworkError,
        "connection refused",
        "start the server, or check the port",
    ),
    "no_route": (
        errors.NetworkError,
        "the server cannot be reached",
        "check cable, router and firewall",
    ),
    "timeout": (
        errors.NetworkError,
        "no answer in time",
        "check that the server runs and is not overloaded",
    ),
    "cut": (
        errors.NetworkError,
        "connection lost before the answer was complete",
        "nothing if it is rare; else check the network and the server's log",
    ),
    "no_memory": (
        errors.NetworkError,
        "not enough memory for TLS",
        "nothing if it is rare; else restart the node",
    ),
    "network": (
        errors.NetworkError,
        "the connection failed",
        "check the network",
    ),
}


def failure(server: str, cause: str, detail: str = "") -> errors.WorldError:
    """Return the error to raise when the connection to `server` failed by `cause`.

    server: "host:port" as configured. detail: what the library said, if that helps.
    """
    kind, what, remedy = CAUSES[cause]
    if detail:
        what = what + " (" + detail + ")"
    return kind(server + ": " + what + ": " + remedy)
