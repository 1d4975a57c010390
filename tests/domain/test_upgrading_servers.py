"""Which release of PostgreSQL or NATS goes on with the files of which other."""

import pytest

from kith.exits import Failed
from kith.upgrading_servers import NATS, POSTGRES, Release, Server, fits, release_in


@pytest.mark.parametrize(
    ("server", "new", "there", "fitting"),
    [
        (POSTGRES, (17, 6), (17, 5), True),
        (POSTGRES, (17, 5), (17, 6), True),
        (POSTGRES, (18, 0), (17, 6), False),
        (POSTGRES, (16, 9), (17, 6), False),
        (NATS, (2, 15), (2, 15), True),
        (NATS, (2, 16), (2, 15), True),
        (NATS, (3, 0), (2, 15), True),
        (NATS, (2, 9), (2, 15), False),
    ],
)
def test_postgres_needs_its_own_major_release_and_nats_one_that_is_not_older(
    server: Server, new: Release, there: Release, *, fitting: bool
) -> None:
    assert fits(server, new, there) is fitting


@pytest.mark.parametrize(
    ("told", "release"),
    [
        ("postgres (PostgreSQL) 17.12 (Debian 17.12-0+deb13u1)\n", (17, 12)),
        ("nats-server: v2.15.1\n", (2, 15)),
    ],
)
def test_a_server_tells_its_release(told: str, release: Release) -> None:
    assert release_in(told) == release


def test_an_image_that_tells_no_release_is_refused() -> None:
    with pytest.raises(Failed, match="upgrade_server_untold"):
        release_in("redis\n")
