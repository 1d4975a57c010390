"""The county's clerk at work: import and replay, again and again until the whole year is in."""

import threading
from collections.abc import Callable
from typing import Any

import httpx

from kith.client import Client, Tokens
from kith.console import Console
from kith.deployment import Deployment
from kith.exits import Exit, Failed
from kith.year import Year
from shared.messages import Language
from shared.tokens import Role
from tests.crash.counties import CountyYear

RUNS_MAX = 60
WAIT_SECONDS = 1.0

Tell = Callable[[str], None]


class Pace:
    """How many commands may have begun by now, so that there is work until the last crash."""

    def __init__(self, commands: int) -> None:
        self._commands = commands
        self.begun = 0
        self._allowed = 0
        self._changed = threading.Condition()
        self.waiting = False
        """Whether all that was allowed is done, and the clerk waits for more."""

    def allow(self, share: float) -> None:
        """Let *share* of the commands begin; from 1.0 on, as many as there are."""
        with self._changed:
            self._allowed = int(share * self._commands)
            self.waiting = self.waiting and not self._is_allowed()
            self._changed.notify_all()

    def begin(self) -> None:
        """Wait until one more command may begin."""
        with self._changed:
            self.waiting = not self._is_allowed()
            self._changed.wait_for(self._is_allowed)
            self.begun += 1

    def __str__(self) -> str:
        return f"{self.begun} commands begun"

    def _is_allowed(self) -> bool:
        return self.begun < self._allowed or self._allowed >= self._commands


class PacedClient(Client):
    """The product's own client, which begins a command when its pace lets it."""

    def __init__(self, deployment: Deployment, pace: Pace) -> None:
        super().__init__(deployment, Tokens(deployment), Language.EN)
        self._pace = pace

    def _exchange(
        self, service: str, method: str, path: str, role: Role, key: str | None, **request: Any
    ) -> httpx.Response:
        if method == "POST":
            self._pace.begin()
        return super()._exchange(service, method, path, role, key, **request)


class Clerk:
    """Runs the county's year in a thread; what a command could not get through is begun again."""

    def __init__(self, deployment: Deployment, county: CountyYear, pace: Pace, tell: Tell) -> None:
        self._deployment, self._county, self._pace, self._tell = deployment, county, pace, tell
        self._thread = threading.Thread(target=self._work, name="clerk", daemon=True)
        self.figures: dict[str, Any] | None = None
        self.failure: BaseException | None = None
        self.runs = 0
        """How often the year was begun, from its first paper."""

    def start(self) -> None:
        self._thread.start()

    @property
    def working(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        self._thread.join(seconds)

    def _work(self) -> None:
        try:
            with PacedClient(self._deployment, self._pace) as client:
                self.figures = self._run_until_done(client)
        except BaseException as failure:  # noqa: BLE001 - whatever ended this thread is what the story ends with
            self.failure = failure
            self._tell(f"the clerk gave up: {failure!r}")

    def _run_until_done(self, client: Client) -> dict[str, Any]:
        county, console = self._county, Console(as_json=True)
        console.err.quiet = True
        for _ in range(RUNS_MAX):
            self.runs += 1
            try:
                figures = Year(client, console, county.papers, county.filed_on, county.until).run()
                self._issue_summary(client)
            except Failed as failed:
                if failed.ends is not Exit.UNREACHABLE:
                    raise
                self._tell(f"the clerk begins again: {failed.code} {dict(failed.params)}")
            else:
                return figures
            threading.Event().wait(WAIT_SECONDS)
        raise TimeoutError(f"the year did not get through in {RUNS_MAX} runs")

    def _issue_summary(self, client: Client) -> None:
        """Have reporting say something too: nobody else makes it speak."""
        days = {"from": str(self._county.filed_on), "to": str(self._county.until)}
        client.post("reporting", "/summaries", {"area": client.deployment.county, **days})
