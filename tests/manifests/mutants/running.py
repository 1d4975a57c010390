"""Pods that start, live, roll over or end as they should not."""

import copy

from tests.manifests.mutants.breaking import Broken, Mutant

REGISTRY = "Deployment/registry"
GATEWAY = "Deployment/gateway"


def _second_budget(broken: Broken) -> None:
    again = copy.deepcopy(broken.one("PodDisruptionBudget/registry"))
    again["metadata"]["name"] = "registry-again"
    broken.objects.append(again)


RUNNING = (
    Mutant(
        "a service has no liveness",
        "probe_missing",
        lambda broken: broken.container(REGISTRY).pop("livenessProbe"),
    ),
    Mutant(
        "liveness hangs on the database",
        "probe_path",
        lambda broken: broken.container(REGISTRY)["livenessProbe"]["httpGet"].update(path="/readyz"),
    ),
    Mutant(
        "readiness only says that the process lives",
        "probe_path",
        lambda broken: broken.container(REGISTRY)["readinessProbe"]["httpGet"].update(path="/livez"),
    ),
    Mutant(
        "a probe asks a port that is not there",
        "probe_port_missing",
        lambda broken: broken.container(GATEWAY)["readinessProbe"]["httpGet"].update(port=9090),
    ),
    Mutant(
        "a container may take all memory of its node",
        "limit_missing",
        lambda broken: broken.container(REGISTRY)["resources"].pop("limits"),
    ),
    Mutant(
        "a service is slowed on an idle node",
        "cpu_limited",
        lambda broken: broken.container(REGISTRY)["resources"]["limits"].update(cpu="500m"),
    ),
    Mutant(
        "an image has no tag",
        "image_moves",
        lambda broken: broken.container("StatefulSet/nats").update(image="nats"),
    ),
    Mutant(
        "an image is whatever is newest",
        "image_moves",
        lambda broken: broken.container("StatefulSet/nats").update(image="nats:latest"),
    ),
    Mutant(
        "a pod cannot start where there is no registry",
        "image_pulled_always",
        lambda broken: broken.container(REGISTRY).update(imagePullPolicy="Always"),
    ),
    Mutant(
        "one service stays on another release",
        "several_releases",
        lambda broken: broken.container(REGISTRY).update(image="kith:0.0.9"),
    ),
    Mutant(
        "the next release cannot be applied, since its Job has the name of this one",
        "job_not_of_release",
        lambda broken: broken.one("Job/migrate")["metadata"].update(name="migrate"),
    ),
    Mutant(
        "an update takes the old pod away first",
        "update_interrupts",
        lambda broken: broken.spec(REGISTRY)["strategy"]["rollingUpdate"].update(maxUnavailable=1),
    ),
    Mutant(
        "two pods archive on one claim during an update",
        "two_on_one_claim",
        lambda broken: broken.spec("Deployment/archive").update(strategy={"type": "RollingUpdate"}),
        overlay="county-ha",
    ),
    Mutant(
        "a pod ends while nodes still send to it",
        "no_pause_before_end",
        lambda broken: broken.container(GATEWAY).pop("lifecycle"),
    ),
    Mutant(
        "the bus is killed before it has handed over",
        "grace_too_short",
        lambda broken: broken.pod("StatefulSet/nats").update(terminationGracePeriodSeconds=30),
    ),
    Mutant(
        "a workload has no budget",
        "not_one_budget",
        lambda broken: broken.remove("PodDisruptionBudget/gateway"),
    ),
    Mutant("a workload has two budgets, and eviction fails", "not_one_budget", _second_budget),
    Mutant(
        "the budget of the only replica keeps it",
        "drain_blocked",
        lambda broken: broken.spec("PodDisruptionBudget/nats").update(minAvailable=1),
    ),
    Mutant(
        "a budget lets none of three go",
        "drain_blocked",
        lambda broken: broken.spec("PodDisruptionBudget/nats").update(minAvailable="100%"),
        "county-ha",
    ),
    Mutant(
        "a budget keeps broken pods",
        "drain_blocked_by_broken",
        lambda broken: broken.spec("PodDisruptionBudget/nats").pop("unhealthyPodEvictionPolicy"),
    ),
    Mutant(
        "three servers of the bus may stand on one node",
        "not_spread",
        lambda broken: broken.pod("StatefulSet/nats").pop("topologySpreadConstraints"),
        "county-ha",
    ),
    Mutant(
        "the day begins at midnight in Greenwich",
        "no_time_zone",
        lambda broken: broken.spec("CronJob/advance").pop("timeZone"),
    ),
    Mutant(
        "a timer may run twice at once",
        "runs_pile_up",
        lambda broken: broken.spec("CronJob/advance").update(concurrencyPolicy="Allow"),
    ),
    Mutant(
        "a migration may hang for ever",
        "no_deadline",
        lambda broken: broken.spec("Job/migrate").pop("activeDeadlineSeconds"),
    ),
    Mutant(
        "a stream shall have more copies than the bus has servers",
        "too_few_servers",
        lambda broken: broken.variable(REGISTRY, "KITH_STREAM_REPLICAS").update(value="3"),
    ),
)
