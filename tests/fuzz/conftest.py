"""One county at work for all that is asked over HTTP."""

from collections.abc import Iterator

import pytest

from tests.fuzz.county import County, county_at_work


@pytest.fixture(scope="package")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    with county_at_work(tmp_path_factory.mktemp("county") / "papers") as county:
        yield county
