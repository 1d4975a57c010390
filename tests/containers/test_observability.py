"""Beside the stack, for who asks: both programs read the files, and services are told where traces go."""

import json
from typing import Any

import pytest
import yaml

from shared.subjects import SERVICES
from tests.containers.engine import run
from tests.containers.stack import COMPOSE_1, COMPOSE_2

FILES = ("compose.observability.yml", "compose.traces.yml")


def together(program: tuple[str, ...], *files: str) -> dict[str, Any]:
    """Return what *program* makes of the stack's file and *files*."""
    asked = [word for file in ("docker-compose.yml", *files) for word in ("-f", file)]
    told: dict[str, Any] = yaml.safe_load(run(*program, *asked, "config").stdout)
    return told


@pytest.mark.parametrize("program", [COMPOSE_1, COMPOSE_2], ids=" ".join)
def test_compose_puts_prometheus_and_grafana_beside_the_stack(program: tuple[str, ...]) -> None:
    services = together(program, *FILES)["services"]
    assert {"prometheus", "alertmanager", "grafana", "node-exporter", "jaeger", *SERVICES} <= set(services)
    for name in ("prometheus", "alertmanager", "grafana", "jaeger"):
        assert services[name]["read_only"]
        assert "127.0.0.1" in json.dumps(services[name]["ports"])


@pytest.mark.parametrize("program", [COMPOSE_1, COMPOSE_2], ids=" ".join)
def test_services_send_traces_only_where_the_file_for_them_is_given(program: tuple[str, ...]) -> None:
    without = together(program)["services"]
    assert not any("KITH_OTEL_ENDPOINT" in without[service]["environment"] for service in SERVICES)
    told = together(program, "compose.traces.yml")["services"]
    for service in SERVICES:
        assert told[service]["environment"]["KITH_OTEL_ENDPOINT"] == "http://jaeger:4318"
        assert told[service]["environment"].items() > without[service]["environment"].items()
