"""`python -m tests.crash`: run a county's year through crashes drawn by a seed, and tell whether it held."""

import argparse
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.crash.counties import CountyYear, example, small
from tests.crash.run import Story, crash


def main() -> int:
    """Return 0 where everything is as if nothing had happened, else 1."""
    asked = _arguments()
    data = Path(asked.data) / f"seed-{asked.seed}-{os.getpid()}"
    data.mkdir(parents=True)
    again = f"python -m tests.crash --seed {asked.seed} --kills {asked.kills} --county {asked.county}"
    story = Story(aloud=True)
    story.tell(f"seed {asked.seed}; to repeat: {again}")
    try:
        crash(_county(asked.county, data, asked.seed), data, asked.seed, asked.kills, story)
    finally:
        if not asked.keep:
            shutil.rmtree(data)
    story.tell(f"seed {asked.seed}, {story.kills} kills: {'FAILED' if story.wrong else 'held'}")
    if story.wrong:
        story.tell(f"to repeat: {again} --keep")
    return 1 if story.wrong else 0


def _county(name: str, data: Path, seed: int) -> CountyYear:
    return example() if name == "qingxi" else small(data / "papers", seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="what draws the acts")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--county", choices=("qingxi", "small"), default="qingxi")
    parser.add_argument("--data", default=tempfile.gettempdir(), help="where the data folder is made")
    parser.add_argument("--keep", action="store_true", help="do not delete the data folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
