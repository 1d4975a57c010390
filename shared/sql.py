"""Named queries, read from the .sql file beside the module that runs them."""

import re
from pathlib import Path

_HEADER = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


class Queries:
    """The queries of one .sql file; each is an attribute by its name."""

    def __init__(self, path: Path) -> None:
        """Read *path*; each query starts with a line `-- name: <name>` and goes on to the next."""
        parts = _HEADER.split(path.read_text(encoding="utf-8"))
        names, bodies = parts[1::2], parts[2::2]
        self.path = path
        self.by_name = {name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}
        if len(self.by_name) != len(names):
            raise ValueError(f"{path.name} names a query twice")
        vars(self).update(self.by_name)

    def __getattr__(self, name: str) -> str:
        """Raise AttributeError for a query *name* that the file has not; those that it has are attributes."""
        raise AttributeError(f"{self.path.name} has no query named {name}")


def queries(module_file: str) -> Queries:
    """Return the queries of the .sql file with the same stem as *module_file*."""
    return Queries(Path(module_file).with_suffix(".sql"))
