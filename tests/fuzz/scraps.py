"""What may stand in a file in place of what was written there: damage, another shape, or no sense at all."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

NO_SENSE = (
    b"",
    b"\n",
    b"\x00",
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b"null",
    b"{",
    b"[]",
    b"{}",
    b'"',
    b"[" * 100_000,
    b"{" * 20_000,
    b'{"a":' * 20_000,
    b"9" * 6_000,
    b"NaN",
    b'"\\ud800"',
    b"- &a [*a]\n",
    b"!!python/object:os.system {}\n",
    b"2026-02-30\n",
    b"a: b: c\n",
    b"x = 9999999999999999999999\n",
)
"""Among them what a parser of JSON, YAML or TOML may stumble over in a way of its own."""

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["", "\x00", "..", "/", "431299", "2026-02-30", "x" * 3_000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw *content* with some of its bytes changed, cut out or doubled, or only its beginning."""
    bytes_ = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at, length = draw(st.integers(0, len(bytes_))), draw(st.integers(0, 8))
        match draw(st.sampled_from(("change", "cut", "double", "end"))):
            case "change":
                bytes_[at : at + length] = draw(st.binary(max_size=8))
            case "cut":
                del bytes_[at : at + length]
            case "double":
                bytes_[at:at] = bytes_[at : at + 200]
            case _:
                del bytes_[at:]
    return bytes(bytes_)


@st.composite
def reshaped(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw the JSON in *content* with something else at one place of it, or without it."""
    whole: Any = [json.loads(content)]
    inside: Any = whole
    key: Any = 0
    while keys := _keys(inside[key]):
        if draw(st.integers(0, 3)) == 0:
            break
        inside, key = inside[key], draw(st.sampled_from(keys))
    if inside is not whole and draw(st.booleans()):
        del inside[key]
    else:
        inside[key] = draw(values)
    return json.dumps(whole[0]).encode()


def _keys(value: object) -> Sequence[Any]:
    if isinstance(value, dict):
        return list(value)
    return range(len(value)) if isinstance(value, list) else ()


def in_place_of(content: bytes) -> st.SearchStrategy[bytes]:
    """Return what may stand in a file in place of *content*."""
    kinds = [st.sampled_from(NO_SENSE), st.binary(max_size=200), damaged(content)]
    if content.startswith((b"{", b"[")):
        kinds.append(reshaped(content))
    return st.one_of(kinds)
