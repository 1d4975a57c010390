"""Rendered Kubernetes manifests: whether they hold together, and which Secrets they need."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from kith.console import Console
from kith.deployment import deployment_of
from kith.exits import Exit, Failed
from kith.manifests.checking import check
from kith.manifests.making_secrets import commands, missing_files
from kith.manifests.reading import NotManifests, as_an_api_server_takes_them, read
from kith.options import HERE, AsJson, Data

group = typer.Typer(help="Rendered Kubernetes manifests.", no_args_is_help=True)

Rendered = Annotated[
    typer.FileText,
    typer.Argument(help="What `kubectl kustomize OVERLAY` renders; - is standard input.", encoding="utf-8"),
]


def add_to(app: typer.Typer) -> None:
    """Add `kith manifests …`."""
    app.add_typer(group, name="manifests")


@group.command("check")
def check_manifests(rendered: Rendered, as_json: AsJson = False) -> None:
    """Tell what is wrong with manifests that an API server would take: relations, rights, connections."""
    console = Console(as_json=as_json)
    with _refusing(rendered):
        manifests = read(rendered.read())
        findings = check(manifests)
    answer = [
        {"where": one.where, "code": one.code, "detail": one.said(console.language)} for one in findings
    ]

    def tell() -> None:
        for one in answer:
            console.out.print(f"{one['where']}: {one['detail']}", markup=False)
        console.line("manifests_checked", objects=len(manifests.objects), findings=len(findings))

    console.answer(answer, tell)
    if findings:
        raise typer.Exit(Exit.REFUSED)


@group.command("secrets")
def make_secrets(rendered: Rendered, data: Data = HERE, as_json: AsJson = False) -> None:
    """Write the kubectl commands that make the Secrets from the data folder; no secret is written out."""
    console = Console(as_json=as_json)
    folder = deployment_of(data).data
    with _refusing(rendered):
        manifests = read(rendered.read())
        with as_an_api_server_takes_them():
            made, gone = list(commands(manifests, folder)), list(missing_files(manifests, folder))
    console.answer(made, lambda: typer.echo("\n".join(made)))
    for missing in gone:
        console.say("secret_file_missing", file=missing)


@contextmanager
def _refusing(rendered: typer.FileText) -> Iterator[None]:
    """Refuse, by its name, a file that holds no manifests."""
    try:
        yield
    except (NotManifests, UnicodeDecodeError) as fault:
        raise Failed("not_manifests", Exit.REFUSED, file=Path(rendered.name).name, why=str(fault)) from fault
