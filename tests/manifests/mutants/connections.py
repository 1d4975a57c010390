"""Connections that are open and should not be, or cut and needed."""

from tests.manifests.mutants.breaking import Mutant

SERVICE_PORT = [{"protocol": "TCP", "port": "http"}]

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
        "everybody can ask for names, a bus and a database that call nobody too",
        "connection_not_meant",
        lambda broken: broken.spec("NetworkPolicy/names").update(podSelector={}),
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
        "nobody hears how the instances of the database are",
        "connection_cut",
        lambda broken: broken.remove("NetworkPolicy/database-metrics"),
        "county-ha",
    ),
    Mutant(
        "a policy opens a port that nobody has",
        "port_missing",
        lambda broken: broken.spec("NetworkPolicy/nats")["ingress"][0]["ports"][0].update(port="clients"),
    ),
)
