"""The folder that nginx works in: its configuration, its pages, its temporary files."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import HttpUrl

from kith.gateway.pages import write_pages
from kith.gateway.settings import GatewaySettings
from shared.settings import MIB

HERE = Path(__file__).parent
CONFIGURATION = "nginx.conf"
PID_FILE = "nginx.pid"
ANSWER_SECONDS_MAX = 1800
"""How long a service may work on one paper: as long as the command line waits for it (kith/client.py)."""
MULTIPART_BYTES = MIB
"""What comes around a paper when it is sent: the service measures the whole and refuses in its own words."""


@dataclass(frozen=True)
class Upstream:
    """One service as nginx is told of it."""

    scheme: str
    server: str
    resolve: bool
    """Whether it is a name, whose address is to be asked for again and again."""


def write_configuration(folder: Path, settings: GatewaySettings, resolv_conf: str) -> Path:
    """Write everything nginx needs into *folder* and return the configuration's path.

    *resolv_conf* is the text of this machine's /etc/resolv.conf.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    write_pages(folder / "pages")
    (folder / "types.conf").write_text((HERE / "types.conf").read_text(encoding="ascii"), encoding="ascii")
    configuration = folder / CONFIGURATION
    configuration.write_text(_rendered(folder, settings, resolv_conf), encoding="utf-8")
    return configuration


def _rendered(folder: Path, settings: GatewaySettings, resolv_conf: str) -> str:
    names = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, autoescape=False)  # noqa: S701 - not HTML
    search = _words_of(resolv_conf, "search")
    upstreams = {name: _upstream(url, search) for name, url in settings.upstreams().items()}
    public_port = settings.gateway_public_https_port
    return names.get_template("nginx.conf.jinja").render(
        folder=folder,
        pid_file=PID_FILE,
        upstreams=upstreams,
        resolvers=[_bracketed(address) for address in _words_of(resolv_conf, "nameserver")],
        body_bytes_max=settings.upload_bytes_max + MULTIPART_BYTES,
        answer_seconds_max=ANSWER_SECONDS_MAX,
        host=settings.gateway_host,
        http_port=settings.gateway_http_port,
        https_port=settings.gateway_https_port,
        public_port="" if public_port == 443 else f":{public_port}",  # noqa: PLR2004 - HTTPS's own
        tls=settings.tls,
        certificate=settings.tls_certificate_file,
        key=settings.tls_key_file,
    )


def _upstream(url: HttpUrl, search: Sequence[str]) -> Upstream:
    """Return *url* for nginx, which asks the name server itself and knows nothing of search lists.

    A short name gets the namespace that an orchestrator put first into the search list.
    """
    host = url.host or ""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        in_cluster = "." not in host and search and ".svc." in f".{search[0]}."
        return Upstream(
            url.scheme, f"{host}.{search[0]}:{url.port}" if in_cluster else f"{host}:{url.port}", True
        )
    return Upstream(url.scheme, f"{host}:{url.port}", False)


def _words_of(resolv_conf: str, keyword: str) -> list[str]:
    """Return the words after *keyword* in resolv.conf; of several search lines the last counts."""
    lines = [line.split() for line in resolv_conf.splitlines()]
    found = [line[1:] for line in lines if line and line[0] == keyword]
    if keyword == "search":
        return found[-1] if found else []
    return [word for words in found for word in words[:1]]


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
