"""Rules and dashboards ask only for what services tell, parse, are tested, and lead to what is to be done."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from shared import clock
from shared.subjects import SERVICES
from tests.observability.measuring import READER, STREAM, VILLAGE, World, until_measured

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "observability"
PROMTOOL = ROOT / "build" / "promtool"
STORIES = ("rules_test.yaml", "rules_over_hours_test.yaml")
DASHBOARDS = sorted((FOLDER / "grafana" / "dashboards").glob("*.json"))

ELSEWHERE = {
    "kith_backup_last_success_timestamp_seconds": "the textfile that `kith backup` writes",
    "kube_deployment_status_replicas_available": "kube-state-metrics, in a cluster",
    "kube_cronjob_status_last_successful_time": "kube-state-metrics, in a cluster",
    "cnpg_collector_last_available_backup_timestamp": "CloudNativePG, in a cluster that it runs in",
    "node_filesystem_avail_bytes": "node exporter",
    "node_filesystem_size_bytes": "node exporter",
}
"""Metrics that no service tells, and who does."""

METRIC = re.compile(r"\b((?:kith|process|node|kube|cnpg)_[a-z0-9_]+)\b")
LABELS = re.compile(r"\{[^}]*\}|\b(?:by|on|ignoring)\s*\([^)]*\)")
VARIABLES = {"$service": "registry"}


def promtool(*arguments: object) -> None:
    assert PROMTOOL.exists(), "run `make build/promtool`, as `make test` does"
    done = subprocess.run(
        [PROMTOOL, *map(str, arguments)], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "rules.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def panels(dashboard: Path) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(dashboard.read_text())["panels"]
    return told


def shown(dashboard: Path) -> Iterator[str]:
    """Give each query of a dashboard with its variables filled in."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            expression: str = target["expr"]
            for variable, value in VARIABLES.items():
                expression = expression.replace(variable, value)
            yield expression


def headings() -> set[str]:
    """Return the anchors of the headings of docs/operations.md, made as the forges make them."""
    told = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in told}


def test_every_rule_parses_and_every_alert_does_what_its_story_says() -> None:
    promtool("check", "rules", "rules.yaml")
    promtool("check", "config", "prometheus.yml")
    promtool("test", "rules", *STORIES)


def test_every_alert_has_a_story_that_sets_it_off() -> None:
    stories = [story for path in STORIES for story in yaml.safe_load((FOLDER / path).read_text())["tests"]]
    set_off = {
        case["alertname"] for story in stories for case in story["alert_rule_test"] if case["exp_alerts"]
    }
    assert set_off == {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_every_alert_leads_to_what_is_to_be_done(alert: dict[str, Any]) -> None:
    assert alert["labels"]["runbook"] in headings()
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["description"]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_query_of_a_dashboard_parses(dashboard: Path, tmp_path: Path) -> None:
    queries = [{"record": f"panel:{n}", "expr": query} for n, query in enumerate(shown(dashboard))]
    assert queries
    (tmp_path / "panels.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": queries}]}))
    promtool("check", "rules", tmp_path / "panels.yaml")


def test_dashboards_are_provisioned_with_the_source_that_they_name() -> None:
    provisioning = FOLDER / "grafana" / "provisioning"
    source = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"][0]
    for dashboard in DASHBOARDS:
        told = json.loads(dashboard.read_text())
        assert told["uid"] == dashboard.stem
        assert {panel["datasource"]["uid"] for panel in told["panels"]} == {source["uid"]}


def test_every_alert_reaches_a_receiver_of_the_example() -> None:
    told = yaml.safe_load((FOLDER / "alertmanager.yml").read_text())
    receivers = {receiver["name"] for receiver in told["receivers"]}
    assert {told["route"]["receiver"], *(route["receiver"] for route in told["route"]["routes"])} == receivers
    names = {alert["alert"] for alert in alerts()}
    for rule in told["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            for pattern in re.search(r'"(.+)"', matcher)[1].split("|"):  # type: ignore[index]
                assert any(re.fullmatch(pattern, name) for name in names), pattern


def test_prometheus_asks_services_that_the_compose_files_run_and_is_given_files_that_are_there() -> None:
    compose = {
        name: yaml.safe_load((ROOT / name).read_text())["services"]
        for name in ("docker-compose.yml", "compose.observability.yml", "compose.traces.yml")
    }
    run = {service for services in compose.values() for service in services}
    told = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    static = [
        target
        for asked in (*told["scrape_configs"], *told["alerting"]["alertmanagers"])
        for static in asked.get("static_configs", [])
        for target in static["targets"]
    ]
    by_name = [
        name
        for asked in told["scrape_configs"]
        for found in asked.get("dns_sd_configs", [])
        for name in found["names"]
    ]
    assert {target.partition(":")[0] for target in static} | set(by_name) <= run
    assert set(SERVICES) == set(by_name) == set(compose["compose.traces.yml"]) - {"jaeger"}
    for service in compose["compose.observability.yml"].values():
        mounted = [volume.rpartition(":")[0].partition(":")[0] for volume in service["volumes"]]
        assert all((ROOT / path).exists() for path in mounted if path.startswith("./deploy"))


async def test_every_metric_that_is_asked_for_is_told_by_a_service_at_work(world: World) -> None:
    owner = await asyncpg.connect(world.contact_database.owner_dsn)
    yesterday = clock.today_in_shanghai() - timedelta(days=1)
    await owner.execute("INSERT INTO kernel.day (day) VALUES ($1)", yesterday)
    await owner.close()
    await world.say("东村")
    await world.registry.get("/broken", headers=world.deployment.login())
    await world.contact.get(f"/names?area={VILLAGE}", headers=world.deployment.login())
    await until_measured(world.contact, 1, "kith_events_received_total", reader=READER)
    await until_measured(world.registry, 0, "kith_relay_unpublished_events", stream=STREAM)
    await until_measured(world.contact, 1, "kith_day_behind_days", clock="live")

    told = set(ELSEWHERE)
    for client in (world.registry, world.contact):
        for family in text_string_to_metric_families((await client.get("/metrics")).text):
            told |= {sample.name for sample in family.samples}
    asked = [rule["expr"] for rule in rules()] + [query for path in DASHBOARDS for query in shown(path)]
    wanted = {name for query in asked for name in METRIC.findall(LABELS.sub("", query))}
    assert wanted - told == set()
    assert "kith_backup_last_success_timestamp_seconds" in (ROOT / "kith/backup/gauge.py").read_text()
    assert set(ELSEWHERE) <= wanted


def test_every_recorded_series_that_is_asked_for_is_recorded() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    asked = [alert["expr"] for alert in alerts()] + [query for path in DASHBOARDS for query in shown(path)]
    assert {name for query in asked for name in re.findall(r"\bkith:[a-z0-9_:]+", query)} == recorded
