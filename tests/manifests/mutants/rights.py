"""Pods with more rights than they use."""

from tests.manifests.mutants.breaking import Content, Mutant

REGISTRY = "Deployment/registry"
GATEWAY = "Deployment/gateway"


def _binding() -> Content:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "registry-edits", "namespace": "kith"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "registry"}],
    }


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
