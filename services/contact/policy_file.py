"""Where the county's policy stands: the file the settings name, else the defaults beside this module."""

from pathlib import Path

from services.contact.domain.policy import Policy, read_policy

DEFAULTS = Path(__file__).with_name("policy.toml")


def load_policy(path: Path | None) -> Policy:
    """Return the policy in *path*, or the defaults; raises OSError, or PolicyFaulty with every fault."""
    return read_policy((path or DEFAULTS).read_text(encoding="utf-8"))
