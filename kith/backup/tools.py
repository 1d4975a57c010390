"""Running PostgreSQL's own tools, which know best how to copy a cluster and whether a copy is whole."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from kith.embedded.postgres import installed_binaries, tool_environment
from kith.exits import Failed

TOOL_SECONDS_MAX = 6 * 3600.0


def run_tool(name: str, words: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
    """Run the tool *name* and return what it said; raises Failed with its last words where it fails."""
    done = subprocess.run(  # noqa: S603 - the words are ours
        [str(installed_binaries() / "bin" / name), *(str(word) for word in words)],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=dict(environment or tool_environment()),
        timeout=TOOL_SECONDS_MAX,
    )
    said = done.stdout + done.stderr
    if done.returncode:
        last = " / ".join(said.strip().splitlines()[-5:])
        raise Failed("backup_tool_failed", tool=name, last=last)
    return said
