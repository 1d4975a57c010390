"""A small county on the whole real system, and a browser signed in to its dashboard."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

from kith.client import Client, Tokens
from kith.console import Console
from kith.deployment import Deployment, deployment_of
from kith.papers import papers_in
from kith.runtime import running
from kith.sign_in import sign_in_link
from kith.year import Year
from shared.messages import Language
from shared.tokens import Role
from tests.browser.small_county import EXAMPLE, FILED_ON, UNTIL, YEAR_UNTIL, small_county
from tests.folders import data_folder

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTH, HEIGHT = 1280, 1000
SCREENSHOT = "KITH_SCREENSHOT"
"""Names the file that the dashboard's picture is written to, and asks for the whole county's year in it."""


@dataclass(frozen=True)
class County:
    """The running county: its services, and the way to ask them."""

    deployment: Deployment
    client: Client

    @property
    def origin(self) -> str:
        return self.deployment.address("reporting")

    def figures(self, href: str) -> dict[str, int]:
        """Return the API's figures for the area and the days that a link on a page names."""
        asked = dict(parse_qsl(urlsplit(href).query))
        days = {
            "as_of": asked["as_of"],
            "known_on": asked["known_on"],
            "from_": asked["from"],
            "to": asked["to"],
        }
        answer = self.client.get("reporting", "/figures", Role.COUNTY, area=asked["area"], **days)
        figures: dict[str, int] = answer["figures"]
        return figures


@pytest.fixture(scope="package")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    """Run a small county's first months; for a picture the whole example's year."""
    folder = tmp_path_factory.mktemp("county")
    whole = SCREENSHOT in os.environ
    papers = papers_in(EXAMPLE if whole else small_county(folder / "papers"))
    until = YEAR_UNTIL if whole else UNTIL
    with (
        data_folder() as data,
        running(deployment := deployment_of(data), "advanced"),
        Client(deployment, Tokens(deployment), Language.ZH) as client,
    ):
        Year(client, Console(as_json=True), papers, FILED_ON, until).run()
        yield County(deployment, client)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and everything it said or asked for that it should not have."""

    page: Page
    origin: str
    said: list[str] = field(default_factory=list)
    asked_elsewhere: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.origin + path)

    def follow(self, link: Locator) -> None:
        """Click what leads to another page, and wait until that page is whole."""
        with self.page.expect_navigation():
            link.click()

    def numbers(self, within: str = "main") -> list[tuple[str, str, str]]:
        """Return every number shown: its measure, its link and its text."""
        found: list[list[str]] = self.page.locator(f"{within} a[data-measure]").evaluate_all(
            "links => links.map(a => [a.dataset.measure, a.getAttribute('href'), a.textContent])"
        )
        return [(measure, href, text) for measure, href, text in found]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="zh-CN")
    yield context
    context.close()


@pytest.fixture
def visitor(county: County, context: BrowserContext) -> Iterator[Watched]:
    """Give a page of somebody who is not signed in; at the end nothing was said, nothing asked elsewhere."""
    watched = Watched(context.new_page(), county.origin)
    watched.page.on("console", lambda message: watched.said.append(f"{message.type}: {message.text}"))
    watched.page.on("pageerror", lambda error: watched.said.append(str(error)))
    watched.page.on("request", lambda request: _note(watched, request.url))
    yield watched
    assert watched.said == []
    assert watched.asked_elsewhere == []


def _note(watched: Watched, url: str) -> None:
    if not url.startswith(watched.origin + "/"):
        watched.asked_elsewhere.append(url)


@pytest.fixture
def reader(county: County, visitor: Watched) -> Watched:
    """Give a page of the county's official, signed in by the link, on the dashboard."""
    link = sign_in_link(county.deployment)
    assert link is not None
    visitor.page.goto(link)
    return visitor


def of(figures: dict[str, int], measure: str) -> Any:
    """Return a figure as a page writes it."""
    return f"{figures[measure]:,}"
