"""How several servers of the bus reach each other: their addresses, and the password that they share."""

from collections.abc import Sequence

SERVERS = ("nats-0.nats-nodes:6222", "nats-1.nats-nodes:6222", "nats-2.nats-nodes:6222")
"""As deploy/k8s names them."""
USER = "routes"


def routes(password: str, servers: Sequence[str] = SERVERS) -> str:
    """Return what stands within the `cluster` of a NATS configuration; *password* is safe in an address."""
    addresses = "".join(f'  "nats-route://{USER}:{password}@{server}"\n' for server in servers)
    return f'authorization {{ user: "{USER}", password: "{password}" }}\nroutes: [\n{addresses}]\n'
