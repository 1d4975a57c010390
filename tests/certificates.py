"""A certificate for localhost that no authority knows, as a test of TLS needs it."""

import subprocess
from pathlib import Path


def certify(folder: Path) -> str:
    """Write certificate.pem and key.pem into *folder*, in place of what was there, and return the certificate.

    The key is open to all, since user 10001 of a container reads it.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", key, "-out", certificate, "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    key.chmod(0o444)
    return certificate.read_text(encoding="ascii")
