"""Tokens: who may ask what, for how long, and how that ends early.

Neither command asks with a token: one may be on its way into the very file that KITH_TOKEN_FILE names.
"""

from datetime import timedelta
from typing import Annotated

import typer

from kith.console import Console
from kith.deployment import deployment_of
from kith.exits import Exit, Failed
from kith.options import HERE, AsJson, Data
from kith.signing import LIFETIME_MAX, issue_token, revoke_token
from shared.tokens import Role

group = typer.Typer(help="Make tokens and end them early.", no_args_is_help=True)

DAYS_DEFAULT = 30


def add_to(app: typer.Typer) -> None:
    """Add `kith token …`."""
    app.add_typer(group, name="token")


@group.command("issue")
def issue(
    name: Annotated[str, typer.Argument(help="Whom the token speaks for, e.g. li.min@qingxi.")],
    *,
    role: Annotated[Role, typer.Option(help="What the person is.")],
    area: Annotated[list[str], typer.Option(help="An area the person works for; may be given again.")],
    days: Annotated[int, typer.Option(min=1, max=LIFETIME_MAX.days, help="Days it holds.")] = DAYS_DEFAULT,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Sign a token with the deployment's key."""
    console, deployment = Console(as_json=as_json), deployment_of(data)
    try:
        issued = issue_token(deployment.data, name, role, tuple(area), timedelta(days=days))
    except ValueError as wrong:
        raise Failed("token_not_well_formed", Exit.USAGE, why=str(wrong).splitlines()[-1]) from wrong
    console.say("token_issued", name=name, role=role.value, days=days, token_id=issued.token_id)
    answer = {"token": issued.token, "token_id": issued.token_id, "role": role, "areas": area}
    console.answer(answer, lambda: typer.echo(issued.token))


@group.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(help="The id that `token issue` told.")],
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """End a token before its time; services notice within a second or two."""
    console = Console(as_json=as_json)
    new = revoke_token(deployment_of(data).data, token_id)
    code = "token_revoked_now" if new else "token_revoked_already"
    console.answer({"token_id": token_id, "new": new}, lambda: console.line(code, id=token_id))
