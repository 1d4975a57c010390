"""A bus that stood still and goes on: what was asked meanwhile is answered late, and everybody hears on."""

from urllib.parse import urlsplit, urlunsplit

import nats
import pytest
from nats.js.errors import NotFoundError

from shared.bus import answers
from shared.subjects import stream_of
from tests.crash.proxy import Proxy
from tests.servers import BusServer


async def test_a_ping_that_is_answered_too_late_leaves_a_connection_that_hears(
    nats_server: BusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.PING_SECONDS_MAX", 0.2)
    at = urlsplit(nats_server.url_for("registry"))
    with Proxy() as proxy:
        cable = proxy.link("nats", lambda: [nats_server.port])
        through = at._replace(netloc=f"{at.username}:{at.password}@127.0.0.1:{cable.port}")
        client = await nats.connect(urlunsplit(through), inbox_prefix=b"_INBOX_registry")
        assert await answers(client)
        cable.hold()
        assert [await answers(client), await answers(client)] == [False, False]
        cable.release()
        with pytest.raises(NotFoundError):  # which is an answer
            await client.jetstream().stream_info(stream_of("registry"))
        assert await answers(client)
        assert client.stats["reconnects"] == 0
        await client.close()
