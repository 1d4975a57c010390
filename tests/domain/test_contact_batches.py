"""Villages cut into batches for the judges."""

from hypothesis import given
from hypothesis import strategies as st

from services.contact.advancing import CHILDREN_MAX, batches
from services.contact.locking import LEAVES

COUNTIES = st.lists(st.integers(1, 3 * CHILDREN_MAX), min_size=1, max_size=60).map(
    lambda sizes: {f"village {n}": size for n, size in enumerate(sizes)}
)


@given(COUNTIES)
def test_every_village_is_in_one_batch_and_they_keep_their_order(county: dict[str, int]) -> None:
    assert [area for some in batches(county) for area in some] == list(county)


@given(COUNTIES)
def test_a_batch_is_never_larger_than_the_most_and_its_last_village(county: dict[str, int]) -> None:
    assert all(sum(county[area] for area in some[:-1]) <= CHILDREN_MAX for some in batches(county))


def test_each_judge_has_as_much_to_do() -> None:
    county = {f"village {n}": 40 for n in range(2_500)}
    sizes = [sum(county[area] for area in some) for some in batches(county)]
    assert len(sizes) % len(LEAVES) == 0
    assert max(sizes) - min(sizes) <= 40


def test_a_county_of_three_villages_has_a_judge_for_each() -> None:
    assert list(batches({"a": 9, "b": 9, "c": 9})) == [["a"], ["b"], ["c"]]
