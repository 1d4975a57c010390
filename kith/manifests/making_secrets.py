"""The commands that make the Secrets which rendered manifests need, from the data folder."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from kith.manifests.files import Secret, known_secrets, secrets_used
from kith.manifests.reading import Manifests, name_of


def commands(manifests: Manifests, folder: Path) -> Iterator[str]:
    """Yield one `kubectl create secret` for each Secret that *manifests* need; no secret stands in it."""
    namespace = next((name_of(one) for one in manifests.of_kind("Namespace")), "kith")
    for name, keys in sorted(secrets_used(manifests).items()):
        if name in known_secrets():
            yield shlex.join(_command(known_secrets()[name], keys, namespace, folder))


def missing_files(manifests: Manifests, folder: Path) -> list[Path]:
    """Return each file that a command of commands() would not find."""
    table = known_secrets()
    used = [
        (table[name], key) for name, keys in secrets_used(manifests).items() if name in table for key in keys
    ]
    files = sorted(folder / secret.files[key] for secret, key in used if key in secret.files)
    return [file for file in files if not file.exists()]


def _command(secret: Secret, keys: set[str], namespace: str, folder: Path) -> list[str]:
    words = ["kubectl", "--namespace", namespace, "create", "secret", secret.kind, secret.name]
    if secret.kind == "tls":
        return [
            *words,
            f"--cert={folder / secret.files['tls.crt']}",
            f"--key={folder / secret.files['tls.key']}",
        ]
    words += [f"--type={secret.type}"] if secret.type else []
    words += [f"--from-literal={key}={value}" for key, value in (secret.literals or {}).items()]
    return words + [
        f"--from-file={key}={folder / secret.files[key]}" for key in sorted(keys & set(secret.files))
    ]
