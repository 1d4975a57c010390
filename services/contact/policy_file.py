"""Where the county's policy stands: the file the settings name, else the defaults beside this module."""

from pathlib import Path

from services.contact.domain.policy import Policy, PolicyFaulty, read_policy

DEFAULTS = Path(__file__).with_name("policy.toml")


def load_policy(path: Path | None) -> Policy:
    """Return the policy in *path*, or the defaults; raises PolicyFaulty with the file and every fault."""
    file = path or DEFAULTS
    try:
        return read_policy(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as broken:
        raise PolicyFaulty(f"{file}: no UTF-8 from byte {broken.start} on; save it as UTF-8") from None
    except OSError as unreadable:
        raise PolicyFaulty(f"{file}: {unreadable.strerror}") from None
    except PolicyFaulty as faulty:
        raise PolicyFaulty(f"{file}: {faulty}") from None
