"""The restricted Pod Security Standard, as an API server enforces it, and what Kith asks of a pod beyond it."""

from collections.abc import Iterator, Mapping
from typing import Any

from kith.manifests.finding import Finding, found
from kith.manifests.reading import Manifests, where
from kith.manifests.workloads import own_workloads

VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
CAPABILITIES = frozenset({"NET_BIND_SERVICE"})
SECCOMP = frozenset({"RuntimeDefault", "Localhost"})
APPARMOR = frozenset({"RuntimeDefault", "Localhost"})
SELINUX = frozenset({None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    }
)
ENFORCE = "pod-security.kubernetes.io/enforce"

Spec = Mapping[str, Any]


def namespace_is_restricted(manifests: Manifests) -> Iterator[Finding]:
    """Find a namespace that does not tell the API server to refuse what the standard forbids."""
    for one in manifests.of_kind("Namespace"):
        if one["metadata"].get("labels", {}).get(ENFORCE) != "restricted":
            yield found(where(one), "namespace_not_restricted", label=ENFORCE)


def pods_are_restricted(manifests: Manifests) -> Iterator[Finding]:
    """Find pods that would not be admitted under the restricted standard."""
    for workload in own_workloads(manifests):
        for fault in (*_faults_of_pod(workload.pod), *_faults_shared_with_pod(workload.pod)):
            yield found(workload.where, "not_restricted", fault=fault)
        for container in workload.containers:
            for fault in _faults_of_container(container):
                yield found(workload.where, "not_restricted", fault=f"{container['name']}: {fault}")


def pods_have_no_more_rights(manifests: Manifests) -> Iterator[Finding]:
    """Find pods without an account of their own, with a token, a writable image or the addresses of all Services."""
    accounts = [workload.pod.get("serviceAccountName") for workload in own_workloads(manifests)]
    for workload in own_workloads(manifests):
        pod, account = workload.pod, workload.pod.get("serviceAccountName", "default")
        if pod.get("automountServiceAccountToken") is not False:
            yield found(workload.where, "token_mounted")
        if pod.get("enableServiceLinks") is not False:
            yield found(workload.where, "service_links")
        if accounts.count(account) != 1 or account == "default":
            yield found(workload.where, "account_shared", account=account)
        elif manifests.named("ServiceAccount", account) is None:
            yield found(workload.where, "account_missing", account=account)
        for container in workload.containers:
            if not container.get("securityContext", {}).get("readOnlyRootFilesystem"):
                yield found(workload.where, "root_writable", container=container["name"])


def accounts_have_no_rights(manifests: Manifests) -> Iterator[Finding]:
    """Find accounts that mount a token, and rights in the cluster that are given to anybody."""
    for one in manifests.of_kind("ServiceAccount"):
        if one.get("automountServiceAccountToken") is not False:
            yield found(where(one), "token_mounted")
    for one in manifests.of_kind("RoleBinding", "ClusterRoleBinding"):
        yield found(where(one), "rights_given")


def _faults_of_pod(pod: Spec) -> Iterator[str]:
    context = pod.get("securityContext", {})
    for shared in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(shared):
            yield shared
    for volume in pod.get("volumes", []):
        for kind in set(volume) - {"name"} - VOLUMES:
            yield f"volume {volume['name']}: {kind}"
    for sysctl in context.get("sysctls", []):
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    yield from _faults_of_context(context)


def _faults_shared_with_pod(pod: Spec) -> Iterator[str]:
    """Yield what a container lacks that the pod may say for all of them."""
    of_pod = pod.get("securityContext", {})
    for container in (*pod.get("initContainers", []), *pod.get("containers", [])):
        context = {**of_pod, **container.get("securityContext", {})}
        if context.get("runAsNonRoot") is not True:
            yield f"{container['name']}: runAsNonRoot"
        if context.get("seccompProfile", {}).get("type") not in SECCOMP:
            yield f"{container['name']}: seccompProfile"


def _faults_of_container(container: Spec) -> Iterator[str]:
    context = container.get("securityContext", {})
    capabilities = context.get("capabilities", {})
    if context.get("privileged"):
        yield "privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    if "ALL" not in capabilities.get("drop", []):
        yield "capabilities.drop"
    if set(capabilities.get("add", [])) - CAPABILITIES:
        yield "capabilities.add"
    if context.get("procMount", "Default") != "Default":
        yield "procMount"
    for port in container.get("ports", []):
        if port.get("hostPort"):
            yield f"hostPort {port['hostPort']}"
    for handler in _handlers(container):
        if handler.get("host"):
            yield "a probe to another host"
    yield from _faults_of_context(context)


def _faults_of_context(context: Spec) -> Iterator[str]:
    """Yield what a pod and a container are both forbidden to say."""
    selinux = context.get("seLinuxOptions", {})
    if context.get("runAsUser") == 0:
        yield "runAsUser 0"
    if selinux.get("type") not in SELINUX or selinux.get("user") or selinux.get("role"):
        yield "seLinuxOptions"
    if context.get("appArmorProfile", {}).get("type", "RuntimeDefault") not in APPARMOR:
        yield "appArmorProfile"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "hostProcess"


def _handlers(container: Spec) -> Iterator[Spec]:
    asked = [container.get(probe, {}) for probe in ("startupProbe", "livenessProbe", "readinessProbe")]
    asked += container.get("lifecycle", {}).values()
    for handler in asked:
        yield handler.get("httpGet", {})
        yield handler.get("tcpSocket", {})
