"""The checker sees each fault that was put in on purpose, and says in both languages how to mend it."""

from functools import cache
from string import Formatter

import pytest

from kith.manifests.checking import check
from kith.manifests.finding import Finding
from kith.manifests.reading import Manifests, NotManifests, read
from shared.messages import Language, catalogue
from tests.manifests.mutants import MUTANTS, Mutant
from tests.manifests.rendering import rendered


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.sentence)
def test_the_checker_sees_that(mutant: Mutant) -> None:
    assert mutant.code in {one.code for one in _found_in(mutant)}


def test_every_sentence_of_the_checker_is_provoked_by_a_mutant() -> None:
    said = {key.removeprefix("manifests.") for key in catalogue(Language.EN) if key.startswith("manifests.")}
    assert said == {mutant.code for mutant in MUTANTS}


@pytest.mark.parametrize("language", Language)
def test_what_is_found_is_said_whole(language: Language) -> None:
    for one in (one for mutant in MUTANTS for one in _found_in(mutant)):
        sentence = catalogue(language)[f"manifests.{one.code}"]
        assert {name for _, name, _, _ in Formatter().parse(sentence) if name} <= set(one.params)


@pytest.mark.parametrize(
    "text", ["", "replicas: 2", "- a\n- b", "kind: Service\n  bad: [", "kind: Service\nmetadata: {}"]
)
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(NotManifests):
        read(text)


def test_objects_are_found_by_kind_and_name() -> None:
    manifests: Manifests = read(rendered("county"))
    assert manifests.has("Namespace")
    assert manifests.has("Deployment/registry")
    assert not manifests.has("Deployment/nats")


@cache
def _found_in(mutant: Mutant) -> list[Finding]:
    return check(mutant.manifests())
