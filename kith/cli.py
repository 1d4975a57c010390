"""The command line `kith`: its groups of commands, its language, and how it ends (kith/exits.py)."""

import signal
import sys
from itertools import pairwise
from types import FrameType
from typing import Annotated

import typer

from kith.commands import (
    advancing,
    backups,
    bundles,
    containers,
    contracts,
    events,
    examining,
    figures,
    importing,
    manifests,
    operating,
    pairs,
    running,
    subscribers,
    tokens,
    upgrading,
    years,
)
from kith.console import LANGUAGE, Console, language_of_terminal
from kith.exits import Exit, Failed
from kith.help import speak
from shared.messages import Language

app = typer.Typer(
    name="kith",
    help="Every child left behind has a file, a person, and contacts that really happen.",
    epilog=(
        "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 unreachable, 4 done with rows refused, "
        "78 not fit to run, 130 Ctrl-C."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    running,
    importing,
    advancing,
    pairs,
    figures,
    events,
    operating,
    tokens,
    subscribers,
    contracts,
    manifests,
    years,
    containers,
    backups,
    examining,
    bundles,
    upgrading,
):
    group.add_to(app)


@app.callback()
def speaking(
    lang: Annotated[Language | None, typer.Option(help="Language of messages; default by LANG.")] = None,
) -> None:
    """Take what stands before the command."""
    LANGUAGE.set(lang or language_of_terminal())


def main() -> int:
    """Run the command line and return its exit code."""
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    signal.signal(signal.SIGINT, _as_ctrl_c)  # a job in a script's background would have it ignored
    LANGUAGE.set(_language_asked_for(sys.argv))
    console = Console(as_json="--json" in sys.argv)
    command = typer.main.get_command(app)
    speak(command, LANGUAGE.get())
    try:
        command(prog_name="kith")
    except Failed as failed:
        console.failure(failed)
        return failed.ends
    except OSError as refused:
        if refused.filename is None:
            raise
        ends = Exit.CONFIGURATION
        console.failure(Failed("system_refused", ends, file=refused.filename, why=refused.strerror))
        return ends
    except SystemExit as ended:
        if ended.code == Exit.INTERRUPTED:
            console.say("interrupted")
        return int(ended.code or Exit.OK)
    return Exit.OK


def _language_asked_for(words: list[str]) -> Language:
    """Return what --lang says, which help and complaints need before the words are parsed."""
    told = [after for word, after in pairwise(words) if word == "--lang" and after in set(Language)]
    return Language(told[0]) if told else language_of_terminal()


def _as_ctrl_c(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
