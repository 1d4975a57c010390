"""Asking the container engine of this machine, by its own command."""

import os
import re
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from kith.exits import Exit, Failed

SECONDS_MAX = 1800
"""How long saving or loading all images of a county may take on an old disk."""

FILES = ("docker-compose.yml", "docker-compose.override.yml")
"""What compose reads by itself: ours, and what the county adds to it."""
BESIDE = "compose.backup.yml"
FILES_TOLD = "COMPOSE_FILE"
"""The variable, in the environment or in the settings, that names other files to compose."""
SETTINGS_FILE = "compose.env"
IMAGE = "KITH_IMAGE"
ANY_BYTES = "surrogateescape"
"""How the settings are read and written: a county's editor may have left remarks in GB 18030."""
ADVICE = re.compile(r"(Run|See) '")
"""What the engine says after its reason: how to ask for help."""


def docker(
    *words: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    fine: Collection[int] = (Exit.OK,),
) -> str:
    """Run `docker` and return what it printed; raises Failed with its last words where it does not end *fine*."""
    command = ["docker", *words]
    try:
        done = subprocess.run(  # noqa: S603 - the words are ours
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            timeout=SECONDS_MAX,
        )
    except FileNotFoundError:
        raise Failed("engine_missing", Exit.CONFIGURATION) from None
    if done.returncode not in fine:
        said = [line for line in done.stderr.strip().splitlines() if line and not ADVICE.match(line)]
        last = (said or [""])[-1]
        raise Failed("engine_refused", Exit.REFUSED, command=" ".join(command[:3]), last=last)
    return done.stdout


def need_compose() -> None:
    """Raise Failed where the engine has no Compose of its own, which is v2.

    1.29, a program of its own, runs the same files; what we ask here it does not know.
    """
    try:
        docker("compose", "version")
    except Failed as failed:
        if failed.code == "engine_refused":
            raise Failed("compose_2_missing", Exit.CONFIGURATION) from None
        raise


@dataclass(frozen=True)
class Compose:
    """The containers of the compose files in the folder *project*, with the settings of the folder *data*."""

    project: Path
    data: Path

    @property
    def settings(self) -> Path:
        return self.data.resolve() / SETTINGS_FILE

    @property
    def files(self) -> list[str]:
        """What compose goes by when it is run by hand, and the file with what runs beside it."""
        told = os.environ.get(FILES_TOLD) or _value_of(FILES_TOLD, self._text)
        files = told.split(":") if told else [name for name in FILES if (self.project / name).exists()]
        return files if BESIDE in files else [*files, BESIDE]

    def keep_image(self, image: str) -> None:
        """Have the settings name *image* for Kith's own containers; whatever else stands there is left as it is."""
        others = re.sub(rf"^{IMAGE}=.*\n?", "", self._text, flags=re.MULTILINE)
        text = others.rstrip("\r\n") + f"\n{IMAGE}={image}\n"
        unfinished = self.settings.with_suffix(".unfinished")
        unfinished.write_bytes(text.encode(errors=ANY_BYTES))
        unfinished.replace(self.settings)

    @property
    def _text(self) -> str:
        return self.settings.read_bytes().decode(errors=ANY_BYTES)

    def run(self, *words: str, image: str | None = None, fine: Collection[int] = (Exit.OK,)) -> str:
        """Run compose with *image* for Kith's own containers, or with the one that the settings name."""
        files = (word for name in self.files for word in ("--file", name))
        environment = {} if image is None else {IMAGE: image}
        return docker(
            *("compose", "--env-file", str(self.settings), *files, *words),
            folder=self.project,
            environment=environment,
            fine=fine,
        )

    def images(self, image: str) -> set[str]:
        """Return every image that the containers go by, with *image* for Kith's own."""
        return {*self.run("config", "--images", image=image).split()}


def _value_of(name: str, settings: str) -> str | None:
    """Return what *settings* say of *name*, as compose reads them: the last line counts, quotes and remarks do not."""
    line = re.compile(
        rf"^[ \t\ufeff]*(?:export[ \t]+)?{name}[ \t]*[=:][ \t]*"
        r"(?:(['\"])(?P<quoted>.*?)\1|(?P<bare>.*?))(?:[ \t]+#.*)?\s*?$",
        re.MULTILINE,
    )
    values = [
        found["bare"] if found["quoted"] is None else found["quoted"] for found in line.finditer(settings)
    ]
    return values[-1] if values else None


def image_id(image: str) -> str:
    """Return the id of *image*, which is the checksum of all that is in it; raises Failed where it is not here."""
    return docker("image", "inspect", "--format", "{{.Id}}", image).strip()


def images_of(project: Path) -> list[str]:
    """Return every image that docker-compose.yml in *project* names, with the settings of this environment."""
    need_compose()
    return docker("compose", "config", "--images", folder=project).split()
