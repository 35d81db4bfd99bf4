from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_local.gateway.routes import RouteTable, decoded
from infra import topology
from infra.topology import Route

PLAIN = st.text(min_size=1, max_size=12).filter(
    lambda text: text.isprintable() and "/" not in text and text not in (".", "..")
)


def test_a_literal_segment_wins_over_a_parameter_whatever_the_order() -> None:
    literal, parameter = Route("POST", "/deployments/init"), Route("POST", "/deployments/{id}")

    for routes in ([literal, parameter], [parameter, literal]):
        table = RouteTable(routes)
        met = [table.match("POST", path) for path in ("/deployments/init", "/deployments/other")]
        assert [match.route for match in met if match] == [literal, parameter]


def test_of_two_routes_with_parameters_the_one_with_the_earlier_literal_wins() -> None:
    table = RouteTable([Route("GET", "/{a}/b"), Route("GET", "/a/{b}")])

    match = table.match("GET", "/a/b")

    assert match is not None
    assert match.route.path == "/a/{b}"


def test_a_route_taken_out_of_the_topology_is_gone_and_the_others_stay() -> None:
    for removed in topology.ROUTES:
        path = removed.path.replace("{", "").replace("}", "")
        others = [route for route in topology.ROUTES if route is not removed]
        match = RouteTable(others).match(removed.method, path)
        assert match is None or match.route.path != removed.path
        whole = RouteTable(topology.ROUTES).match(removed.method, path)
        assert whole is not None
        assert whole.route is removed


@given(PLAIN, PLAIN)
def test_whatever_a_parameter_holds_is_given_back_decoded_once(first: str, second: str) -> None:
    table = RouteTable([Route("GET", "/a/{one}/b/{two}")])
    path = decoded(f"/a/{quote(first, safe='')}/b/{quote(second, safe='')}".encode())

    assert path is not None
    match = table.match("GET", path)
    assert match is not None
    assert match.parameters == {"one": first, "two": second}


@given(st.binary(max_size=30))
def test_no_path_breaks_the_match(raw: bytes) -> None:
    path = decoded(b"/" + raw)

    if path is not None:
        RouteTable(topology.ROUTES).match("GET", path)


@pytest.mark.parametrize("raw", [b"", b"health", b"*", b"http://evil.example/health", b"/\xff", b"/%FF", b"/a%0d%0ab"])
def test_what_is_no_path_is_none(raw: bytes) -> None:
    assert decoded(raw) is None
