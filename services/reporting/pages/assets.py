"""The stylesheet, script and icon of the pages: read once, addressed by their content, served as they are."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file."""

    content: str
    media_type: str

    @property
    def version(self) -> str:
        return sha256(self.content.encode()).hexdigest()[:12]

    @property
    def csp_source(self) -> str:
        """The Content-Security-Policy source that allows exactly this text inside a page."""
        return f"'sha256-{b64encode(sha256(self.content.encode()).digest()).decode()}'"


ASSETS = {
    path.name: Asset(path.read_text(encoding="utf-8"), MEDIA_TYPES[path.suffix])
    for path in sorted(FOLDER.iterdir())
    if path.suffix in MEDIA_TYPES
}

STYLESHEET = ASSETS["kith.css"]


def address(name: str) -> str:
    """Return where *name* is served; another content has another address, so browsers may keep it for ever."""
    return f"/static/{name}?v={ASSETS[name].version}"
