"""Running one service in this process: `python -m kith.serving registry`, as `kith serve registry` does."""

import sys

import uvicorn

from shared.settings import Settings

GRACEFUL_SECONDS_MAX = 15
KEEP_ALIVE_SECONDS = 30


def serve(service: str) -> None:
    """Serve *service* until told to stop; its settings are in the environment (KITH_...)."""
    settings = Settings()
    uvicorn.run(
        f"services.{service}.app:create",
        factory=True,
        host=str(settings.http_host),
        port=settings.http_port,
        loop="uvloop",
        http="httptools",
        log_config=None,  # shared/logs.py has set logging up by then
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS_MAX,
    )


if __name__ == "__main__":
    serve(sys.argv[1])
