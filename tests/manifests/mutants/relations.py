"""Objects that do not find each other."""

import copy

from tests.manifests.mutants.breaking import Mutant

REGISTRY = "Deployment/registry"

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
    Mutant(
        "Prometheus asks pods that there are none of",
        "selects_nobody",
        lambda broken: broken.spec("PodMonitor/postgres")["selector"].update(
            matchLabels={"cnpg.io/cluster": "kith"}
        ),
        "county-ha",
    ),
    Mutant(
        "Prometheus asks a port that no pod has",
        "port_missing",
        lambda broken: broken.spec("PodMonitor/postgres")["podMetricsEndpoints"][0].update(port="http"),
        "county-ha",
    ),
)
