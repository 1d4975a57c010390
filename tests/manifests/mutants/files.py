"""Files and Secrets that are missing, or where they should not be."""

from tests.manifests.mutants.breaking import Broken, Content, Mutant

REGISTRY = "Deployment/registry"


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
