"""What every command opens first: its voice, its deployment, and the way to the services."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kith.client import Client, Tokens
from kith.console import Console
from kith.deployment import Deployment, deployment_of
from kith.environment import given_token
from kith.exits import Exit, Failed


@dataclass(frozen=True)
class Open:
    """A command at work."""

    console: Console
    deployment: Deployment
    client: Client

    def area(self, told: str | None) -> str:
        """Return the area that was asked for, else the county of this deployment."""
        area = told or self.deployment.county
        if area is None:
            raise Failed("no_county_yet", Exit.USAGE)
        return area


@contextmanager
def opened(data: Path, *, as_json: bool) -> Iterator[Open]:
    """Open a command on the deployment in *data*.

    KITH_TOKEN, or the file that KITH_TOKEN_FILE names, is the token for everything, where one is set.
    Raises Failed where that is no token.
    """
    deployment = deployment_of(data)
    console = Console(as_json=as_json)
    tokens = Tokens(deployment, given=given_token())
    with Client(deployment, tokens, console.language) as client:
        yield Open(console, deployment, client)
