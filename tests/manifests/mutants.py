"""Manifests with one thing broken each, and the code of what the checker must find in them."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kith.manifests.reading import Manifests
from tests.manifests.rendering import manifests_of

Content = Any


class Broken:
    """The objects of an overlay, to be changed in place."""

    def __init__(self, overlay: str) -> None:
        self.objects: list[Content] = copy.deepcopy(list(manifests_of(overlay).objects))

    def one(self, what: str) -> Content:
        """Return the object Kind/name; where a name ends with a release or a hash, its beginning is enough."""
        kind, _, name = what.partition("/")
        of_kind = {one["metadata"]["name"]: one for one in self.objects if one["kind"] == kind}
        return of_kind.get(name) or next(one for key, one in of_kind.items() if key.startswith(f"{name}-"))

    def spec(self, what: str) -> Content:
        return self.one(what)["spec"]

    def template(self, what: str) -> Content:
        """Return the template of the pods of Kind/name."""
        spec = self.spec(what)
        return (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]

    def pod(self, what: str) -> Content:
        return self.template(what)["spec"]

    def container(self, what: str) -> Content:
        return self.pod(what)["containers"][0]

    def variable(self, what: str, name: str) -> Content:
        [found] = [one for one in self.container(what)["env"] if one["name"] == name]
        return found

    def volume(self, what: str, name: str) -> Content:
        [found] = [one for one in self.pod(what)["volumes"] if one["name"] == name]
        return found

    def remove(self, what: str) -> None:
        self.objects.remove(self.one(what))


@dataclass(frozen=True)
class Mutant:
    """One fault: what is broken, how, and what must be found because of it."""

    sentence: str
    code: str
    breaks: Callable[[Broken], object]
    overlay: str = "county"

    def manifests(self) -> Manifests:
        """Return the broken manifests."""
        broken = Broken(self.overlay)
        self.breaks(broken)
        return Manifests(tuple(broken.objects))


REGISTRY = "Deployment/registry"
GATEWAY = "Deployment/gateway"
SERVICE_PORT = [{"protocol": "TCP", "port": "http"}]


def _second_budget(broken: Broken) -> None:
    again = copy.deepcopy(broken.one("PodDisruptionBudget/registry"))
    again["metadata"]["name"] = "registry-again"
    broken.objects.append(again)


def _binding() -> Content:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "registry-edits", "namespace": "kith"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "registry"}],
    }


def _secret() -> Content:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "kith-vault", "namespace": "kith"},
        "stringData": {"vault.secret": "0" * 64},
    }


def _hold_vault_secret(broken: Broken) -> None:
    source = {"secret": {"name": "kith-vault", "items": [{"key": "vault.secret", "path": "vault.secret"}]}}
    broken.volume("Deployment/reporting", "secrets")["projected"]["sources"].append(source)


def _take_whole_secret(broken: Broken) -> None:
    del broken.volume(REGISTRY, "secrets")["projected"]["sources"][0]["secret"]["items"]


RELATIONS = (
    Mutant(
        "a Deployment selects pods that it does not start",
        "own_pods_not_selected",
        lambda broken: broken.spec(REGISTRY)["selector"]["matchLabels"].update(
            {"app.kubernetes.io/name": "regisry"}
        ),
    ),
    Mutant(
        "a Deployment selects the pods of every service",
        "others_pods_selected",
        lambda broken: broken.spec(REGISTRY).update(
            selector={"matchLabels": {"app.kubernetes.io/component": "service"}}
        ),
    ),
    Mutant(
        "a Service selects a label that no pod has",
        "selects_nobody",
        lambda broken: broken.spec("Service/contact").update(selector={"app": "contact"}),
    ),
    Mutant(
        "a Service leads to a port that its pods do not have",
        "port_missing",
        lambda broken: broken.spec("Service/contact")["ports"][0].update(targetPort=8081),
    ),
    Mutant(
        "a Service leads to a port by a name that its pods do not use",
        "port_missing",
        lambda broken: broken.container("Deployment/contact")["ports"][0].update(name="web"),
    ),
    Mutant(
        "a service is told of a database that has no Service",
        "address_unknown",
        lambda broken: broken.remove("Service/postgres"),
    ),
    Mutant(
        "a service is told another port of the bus than it has",
        "address_unknown",
        lambda broken: broken.variable(REGISTRY, "KITH_NATS_URL").update(value="nats://nats:4223"),
    ),
    Mutant(
        "a service is told of a fourth server of the bus",
        "address_unknown",
        lambda broken: broken.variable(REGISTRY, "KITH_NATS_URL").update(
            value="nats://nats-3.nats-nodes:4222"
        ),
        "county-ha",
    ),
    Mutant(
        "a service is told of a collector that no policy lets it reach",
        "address_unknown",
        lambda broken: broken.container("Deployment/contact")["env"].append(
            {"name": "KITH_OTEL_ENDPOINT", "value": "http://collector.monitoring:4318"}
        ),
    ),
    Mutant(
        "the database cluster gives no Service the name that services are told",
        "address_unknown",
        lambda broken: broken.spec("Cluster/postgres")["managed"]["services"].pop("additional"),
        "county-ha",
    ),
    Mutant(
        "the servers of the bus have no names of their own",
        "no_headless_service",
        lambda broken: broken.spec("Service/nats-nodes").pop("clusterIP"),
    ),
    Mutant(
        "a budget selects nobody",
        "selects_nobody",
        lambda broken: broken.spec("PodDisruptionBudget/nats").update(
            selector={"matchLabels": {"app": "nats"}}
        ),
    ),
    Mutant(
        "replicas are spread by the label of another service",
        "spread_elsewhere",
        lambda broken: broken.pod(REGISTRY)["topologySpreadConstraints"][0].update(
            labelSelector={"matchLabels": {"app.kubernetes.io/name": "pairing"}}
        ),
    ),
    Mutant(
        "two objects have one name",
        "twice",
        lambda broken: broken.objects.append(copy.deepcopy(broken.one("Service/nats"))),
    ),
    Mutant(
        "an object is left in another namespace",
        "outside_namespace",
        lambda broken: broken.one("Service/registry")["metadata"].update(namespace="default"),
    ),
    Mutant(
        "the Ingress leads to a Service that is not there",
        "backend_unknown",
        lambda broken: broken.spec("Ingress/gateway")["rules"][0]["http"]["paths"][0]["backend"][
            "service"
        ].update(name="gatway"),
        "county-ha",
    ),
    Mutant(
        "the Ingress serves a host in the clear",
        "host_without_certificate",
        lambda broken: broken.spec("Ingress/gateway").pop("tls"),
        "county-ha",
    ),
    Mutant(
        "what is to be scaled is not there",
        "scales_nothing",
        lambda broken: broken.spec("ScaledObject/reporting").update(scaleTargetRef={"name": "report"}),
        "county-ha",
    ),
    Mutant(
        "a Deployment and KEDA both say how many there are",
        "replicas_told_twice",
        lambda broken: broken.spec("Deployment/reporting").update(replicas=2),
        "county-ha",
    ),
    Mutant(
        "reporting may be scaled to none",
        "scales_to_none",
        lambda broken: broken.spec("ScaledObject/reporting").update(minReplicaCount=0),
        "county-ha",
    ),
    Mutant(
        "nobody says how many there are while Prometheus is away",
        "no_fallback",
        lambda broken: broken.spec("ScaledObject/reporting").pop("fallback"),
        "county-ha",
    ),
    Mutant(
        "Prometheus asks a port that no Service has",
        "port_missing",
        lambda broken: broken.spec("ServiceMonitor/services")["endpoints"][0].update(port="metrics"),
        "county-ha",
    ),
)

FILES = (
    Mutant(
        "a container mounts a volume that the pod does not have",
        "volume_missing",
        lambda broken: broken.container(REGISTRY)["volumeMounts"][1].update(name="temp"),
    ),
    Mutant(
        "a pod has a Secret that no container mounts",
        "volume_unused",
        lambda broken: broken.container(REGISTRY)["volumeMounts"].pop(0),
    ),
    Mutant(
        "the configuration of the bus is not rendered",
        "configuration_missing",
        lambda broken: broken.remove("ConfigMap/nats-configuration"),
    ),
    Mutant(
        "the configuration of the bus lacks a file that is asked for",
        "configuration_missing",
        lambda broken: broken.one("ConfigMap/nats-configuration")["data"].pop("nats.conf"),
    ),
    Mutant(
        "a setting names a file that no mount puts there",
        "file_missing",
        lambda broken: broken.variable(REGISTRY, "KITH_NATS_PASSWORD_FILE").update(value="/run/secrets/nats"),
    ),
    Mutant(
        "a service takes a Secret that nobody is told to make",
        "secret_unknown",
        lambda broken: broken.volume(REGISTRY, "secrets")["projected"]["sources"][0]["secret"].update(
            name="kith-reg"
        ),
    ),
    Mutant("a service takes whatever is in a Secret", "secret_unknown", _take_whole_secret),
    Mutant(
        "a service holds the password of another",
        "secret_not_for",
        lambda broken: broken.volume(REGISTRY, "secrets")["projected"]["sources"][0]["secret"].update(
            name="kith-pairing", items=[{"key": "pairing.password", "path": "database.password"}]
        ),
    ),
    Mutant("reporting holds the vault's secret, which it never needs", "secret_not_for", _hold_vault_secret),
    Mutant(
        "a Secret stands among the manifests",
        "secret_rendered",
        lambda broken: broken.objects.append(_secret()),
    ),
    Mutant(
        "everybody in the pod may read its secrets",
        "secret_readable",
        lambda broken: broken.volume(REGISTRY, "secrets")["projected"].update(defaultMode=0o444),
    ),
    Mutant(
        "a password stands in the environment",
        "secret_in_environment",
        lambda broken: broken.container(REGISTRY)["env"].append(
            {
                "name": "PGPASSWORD",
                "valueFrom": {"secretKeyRef": {"name": "kith-registry", "key": "registry.password"}},
            }
        ),
    ),
    Mutant(
        "the list of revoked tokens is mounted so that it never changes",
        "secret_mount",
        lambda broken: broken.container(REGISTRY)["volumeMounts"][0].update(subPath="revoked-tokens.json"),
    ),
)

TOLD = (
    Mutant(
        "a setting is misspelt",
        "setting_unknown",
        lambda broken: broken.variable(REGISTRY, "KITH_CLOCK").update(name="KITH_CLOK"),
    ),
    Mutant(
        "a setting that a service must have is missing",
        "setting_missing",
        lambda broken: broken.container(REGISTRY)["env"].remove(
            broken.variable(REGISTRY, "KITH_TOKEN_KEYS_FILE")
        ),
    ),
    Mutant(
        "KEDA asks for a metric that no service has",
        "metric_unknown",
        lambda broken: broken.spec("ScaledObject/reporting")["triggers"][0]["metadata"].update(
            query="max(kith_consumer_pending_messages)"
        ),
        "county-ha",
    ),
)

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

RIGHTS = (
    Mutant(
        "the namespace takes any pod",
        "namespace_not_restricted",
        lambda broken: broken.one("Namespace/kith")["metadata"]["labels"].update(
            {"pod-security.kubernetes.io/enforce": "baseline"}
        ),
    ),
    Mutant(
        "a pod may run as root",
        "not_restricted",
        lambda broken: broken.pod(REGISTRY)["securityContext"].pop("runAsNonRoot"),
    ),
    Mutant(
        "a pod runs as root",
        "not_restricted",
        lambda broken: broken.pod("StatefulSet/postgres")["securityContext"].update(runAsUser=0),
    ),
    Mutant(
        "a container overrules the pod and may run as root",
        "not_restricted",
        lambda broken: broken.container(REGISTRY)["securityContext"].update(runAsNonRoot=False),
    ),
    Mutant(
        "a container may gain privileges",
        "not_restricted",
        lambda broken: broken.container(REGISTRY)["securityContext"].pop("allowPrivilegeEscalation"),
    ),
    Mutant(
        "a container keeps its capabilities",
        "not_restricted",
        lambda broken: broken.container(REGISTRY)["securityContext"].update(
            capabilities={"drop": ["NET_RAW"]}
        ),
    ),
    Mutant(
        "a container gets a capability back",
        "not_restricted",
        lambda broken: broken.container(GATEWAY)["securityContext"]["capabilities"].update(add=["SYS_ADMIN"]),
    ),
    Mutant(
        "system calls are not filtered",
        "not_restricted",
        lambda broken: broken.pod(REGISTRY)["securityContext"].update(seccompProfile={"type": "Unconfined"}),
    ),
    Mutant(
        "a folder of the node is mounted",
        "not_restricted",
        lambda broken: broken.volume(REGISTRY, "tmp").update(hostPath={"path": "/var/lib"}),
    ),
    Mutant(
        "a pod is in the network of its node",
        "not_restricted",
        lambda broken: broken.pod(GATEWAY).update(hostNetwork=True),
    ),
    Mutant(
        "a container takes a port of its node",
        "not_restricted",
        lambda broken: broken.container(GATEWAY)["ports"][0].update(hostPort=80),
    ),
    Mutant(
        "a first container is privileged",
        "not_restricted",
        lambda broken: broken.pod("StatefulSet/nats").update(
            initContainers=[
                {"name": "chown", "image": "nats:2-alpine", "securityContext": {"privileged": True}}
            ]
        ),
    ),
    Mutant(
        "a container can write to its image",
        "root_writable",
        lambda broken: broken.container("StatefulSet/nats")["securityContext"].update(
            readOnlyRootFilesystem=False
        ),
    ),
    Mutant(
        "a pod has a token of the API server",
        "token_mounted",
        lambda broken: broken.pod(REGISTRY).pop("automountServiceAccountToken"),
    ),
    Mutant(
        "an account has a token of the API server",
        "token_mounted",
        lambda broken: broken.one("ServiceAccount/registry").pop("automountServiceAccountToken"),
    ),
    Mutant(
        "a pod is told of every Service by its environment",
        "service_links",
        lambda broken: broken.pod(REGISTRY).pop("enableServiceLinks"),
    ),
    Mutant(
        "two services share an account",
        "account_shared",
        lambda broken: broken.pod(REGISTRY).update(serviceAccountName="pairing"),
    ),
    Mutant(
        "the account of a service is not there",
        "account_missing",
        lambda broken: broken.remove("ServiceAccount/registry"),
    ),
    Mutant(
        "a service may edit the cluster",
        "rights_given",
        lambda broken: broken.objects.append(_binding()),
    ),
)

CONNECTIONS = (
    Mutant(
        "nothing is denied that is not allowed",
        "connection_not_meant",
        lambda broken: broken.remove("NetworkPolicy/deny-all"),
    ),
    Mutant(
        "a service may speak with the whole world",
        "connection_not_meant",
        lambda broken: broken.spec("NetworkPolicy/services")["egress"].append({}),
    ),
    Mutant(
        "whoever is in the cluster reaches the database",
        "connection_not_meant",
        lambda broken: broken.spec("NetworkPolicy/postgres")["ingress"].append(
            {"from": [{"namespaceSelector": {}}]}
        ),
    ),
    Mutant(
        "whoever is in the cluster reaches a service without the gateway",
        "connection_not_meant",
        lambda broken: broken.spec("NetworkPolicy/services")["ingress"].append(
            {"from": [{"namespaceSelector": {}}], "ports": SERVICE_PORT}
        ),
    ),
    Mutant(
        "a service may call another",
        "connection_not_meant",
        lambda broken: broken.spec("NetworkPolicy/services").update(
            ingress=[{"ports": SERVICE_PORT}],
            egress=[*broken.spec("NetworkPolicy/services")["egress"], {"ports": SERVICE_PORT}],
        ),
    ),
    Mutant(
        "the bus is open at every port, not at one",
        "connection_not_meant",
        lambda broken: broken.spec("NetworkPolicy/nats").update(ingress=[{}]),
        "county-ha",
    ),
    Mutant(
        "people come past the ingress controller",
        "connection_not_meant",
        lambda broken: broken.spec("NetworkPolicy/gateway")["ingress"][0].pop("from"),
        "county-ha",
    ),
    Mutant(
        "a policy is about pods that have another label",
        "connection_cut",
        lambda broken: broken.spec("NetworkPolicy/nats").update(
            podSelector={"matchLabels": {"app.kubernetes.io/name": "bus"}}
        ),
    ),
    Mutant(
        "the database lets services in, and they may not go out",
        "connection_cut",
        lambda broken: broken.spec("NetworkPolicy/services")["egress"].pop(1),
    ),
    Mutant(
        "nobody can ask for a name",
        "connection_cut",
        lambda broken: broken.remove("NetworkPolicy/names"),
    ),
    Mutant(
        "names are asked for over TCP only",
        "connection_cut",
        lambda broken: broken.spec("NetworkPolicy/names")["egress"][0]["ports"].pop(0),
    ),
    Mutant(
        "the servers of the bus cannot reach each other",
        "connection_cut",
        lambda broken: broken.remove("NetworkPolicy/nats-routes"),
        "county-ha",
    ),
    Mutant(
        "Prometheus is shut out",
        "connection_cut",
        lambda broken: broken.remove("NetworkPolicy/metrics"),
        "county-ha",
    ),
    Mutant(
        "a policy opens a port that nobody has",
        "port_missing",
        lambda broken: broken.spec("NetworkPolicy/nats")["ingress"][0]["ports"][0].update(port="clients"),
    ),
)

MUTANTS = (*RELATIONS, *FILES, *TOLD, *RUNNING, *RIGHTS, *CONNECTIONS)
