"""Manifests with one thing broken each, and the code of what the checker must find in them."""

from tests.manifests.mutants.breaking import Mutant
from tests.manifests.mutants.connections import CONNECTIONS
from tests.manifests.mutants.files import FILES
from tests.manifests.mutants.relations import RELATIONS
from tests.manifests.mutants.rights import RIGHTS
from tests.manifests.mutants.running import RUNNING
from tests.manifests.mutants.told import TOLD

MUTANTS = (*RELATIONS, *FILES, *TOLD, *RUNNING, *RIGHTS, *CONNECTIONS)

__all__ = ["MUTANTS", "Mutant"]
