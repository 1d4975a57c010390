"""A county's first day on these pods: its papers through the gateway, the day by the timer's pod, its figures."""

import ssl
from collections.abc import Mapping

import httpx
import pytest

from shared.subjects import SERVICES
from tests.pods.conftest import AREA, Pods

pytestmark = pytest.mark.timeout(900)


def test_the_papers_and_the_day_add_up_to_figures(figures: Mapping[str, int]) -> None:
    assert (figures["files.open"], figures["children.paired"]) == (10, 9)
    assert figures["windows.counted"] == figures["windows.missed"] > 200  # a year in which nobody came


def test_the_gateway_shows_the_countys_certificate_and_leads_to_it(pods: Pods) -> None:
    trusted = ssl.create_default_context(cafile=str(pods.data / "tls" / "certificate.pem"))
    assert httpx.get(f"{pods.address}/healthz", verify=trusted).json() == {"gateway": True}
    plain = httpx.get(f"http://localhost:{pods.podman.door(80)}/areas/{AREA}?x=1")
    assert (plain.status_code, plain.headers["location"]) == (308, f"https://localhost/areas/{AREA}?x=1")


@pytest.mark.usefixtures("figures")
def test_the_doctor_finds_nothing_wrong_by_the_doors_of_an_operator(pods: Pods) -> None:
    found = pods.told("doctor", "--all")
    assert {one["level"] for one in found} == {"well"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_behind_the_gateway_asks_for_a_token(pods: Pods, service: str) -> None:
    trusted = ssl.create_default_context(cafile=str(pods.data / "tls" / "certificate.pem"))
    assert httpx.get(f"{pods.address}/{service}/status", verify=trusted).status_code == 401
