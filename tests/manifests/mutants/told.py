"""Settings and metrics that nobody knows."""

from tests.manifests.mutants.breaking import Mutant

REGISTRY = "Deployment/registry"

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
