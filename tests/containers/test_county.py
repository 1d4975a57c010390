"""A county's whole job through the gateway of a stack in containers."""

import json

import httpx
import pytest

from kith.embedded.spawning import wait_until
from kith.exits import Exit
from tests.containers.conftest import Year
from tests.containers.stack import Stack
from tests.crash.counties import PARTS

pytestmark = pytest.mark.timeout(900)


def test_the_year_through_the_gateway_is_what_a_perfect_reader_and_a_perfect_clock_find(year: Year) -> None:
    assert {part: year.told[part] for part in PARTS} == year.true.expected


def test_the_same_year_again_changes_nothing(stack: Stack, year: Year) -> None:
    before = json.loads(stack.kith("status", "--json").stdout)
    again = stack.kith("import", "areas", str(year.true.papers.areas), "--json")
    assert again.returncode == Exit.OK, again.stderr
    after = json.loads(stack.kith("status", "--json").stdout)
    assert [each["position"] for each in after] == [each["position"] for each in before]


def test_a_sign_in_link_opens_the_dashboard_at_the_gateway(stack: Stack, year: Year) -> None:
    county = str(json.loads((stack.data / "deployment.json").read_text(encoding="ascii"))["county"])
    issued = stack.kith("token", "issue", "li.min@qingxi", "--role", "county", "--area", county, "--json")
    token = json.loads(issued.stdout)["token"]
    with httpx.Client(
        base_url=stack.address, follow_redirects=True, headers={"Accept": "text/html"}
    ) as browser:
        page = browser.get("/sign-in", params={"token": token})
        assert page.status_code == 200
        assert page.url.path == f"/areas/{county}"
        assert browser.get("/reporting/figures", params={"area": county}).status_code == 200


def test_a_token_that_was_revoked_opens_nothing_within_seconds(stack: Stack, year: Year) -> None:
    county = str(json.loads((stack.data / "deployment.json").read_text(encoding="ascii"))["county"])
    asked = ("token", "issue", "zhao@qingxi", "--role", "county", "--area", county, "--json")
    issued = json.loads(stack.kith(*asked).stdout)
    bearer = {"Authorization": f"Bearer {issued['token']}"}
    figures = f"{stack.address}/reporting/figures"
    assert httpx.get(figures, params={"area": county}, headers=bearer).status_code == 200
    assert stack.kith("token", "revoke", issued["token_id"]).returncode == Exit.OK

    def refused() -> bool:
        return httpx.get(figures, params={"area": county}, headers=bearer).status_code == 401

    assert wait_until(refused, 10)
