"""Every check that rendered manifests must stand."""

from collections.abc import Callable, Iterator

from kith.manifests import connections, files, relations, running, standard, told
from kith.manifests.finding import Finding
from kith.manifests.reading import Manifests, as_an_api_server_takes_them

Check = Callable[[Manifests], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    relations.objects_are_apart,
    relations.selectors_find_pods,
    relations.services_lead_to_ports,
    relations.addresses_lead_to_services,
    relations.stateful_sets_have_names,
    relations.ingresses_lead_to_services,
    relations.what_is_scaled_is_there,
    relations.what_is_watched_is_there,
    files.volumes_are_there,
    files.configuration_is_there,
    files.settings_name_files,
    files.secrets_are_held_by_few,
    files.secrets_are_files,
    told.settings_are_known,
    told.metrics_are_known,
    running.pods_are_probed,
    running.pods_have_limits,
    running.images_are_named,
    running.releases_are_one,
    running.updates_leave_nobody_out,
    running.nodes_can_be_drained,
    running.replicas_are_spread,
    running.timers_do_not_pile_up,
    running.streams_have_servers,
    standard.namespace_is_restricted,
    standard.pods_are_restricted,
    standard.pods_have_no_more_rights,
    standard.accounts_have_no_rights,
    connections.connections_are_those_of_the_table,
    connections.policies_name_ports,
)


def check(manifests: Manifests) -> list[Finding]:
    """Return everything that is wrong with *manifests*, in the order of the checks; raises NotManifests."""
    with as_an_api_server_takes_them():
        return [finding for one in CHECKS for finding in one(manifests)]
