"""The Web API's own HTTPS port: TLS with a certificate the server made itself, down when ordered so."""

import datetime as dt
import ipaddress
import os
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.trading.hub import Hub
from sandbox.trading.rest import Rest
from sandbox.trading.web_server import PlatformPort, Router

_YEARS = dt.timedelta(days=3650)


def api_port(hub: Hub, folder: Path, port: int) -> PlatformPort:
    """Serves ``/api/`` and nothing else. While the fault ``down`` is set, connections are refused."""
    router = Router()
    router.add("*", "/api/.+", Rest(hub))
    return PlatformPort(router, port, lambda: "down" in hub.faults.switches, tls=_context(folder))


def _context(folder: Path) -> ssl.SSLContext:
    certificate, key = folder / "tls.pem", folder / "tls.key"
    if not certificate.exists():
        _make(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _make(certificate: Path, key: Path) -> None:
    """A certificate for loopback; whoever is to trust it is given ``tls.pem``."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + _YEARS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(secret, hashes.SHA256())
    )
    handle = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(
            secret.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
