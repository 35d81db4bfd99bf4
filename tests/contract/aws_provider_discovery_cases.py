"""Cloud Map: for every type a declaration and its changes."""

from __future__ import annotations

from typing import Any

from tests.contract.aws_provider_harness import Resource
from tests.contract.aws_provider_world import RETAGGED, TAGGED, Case, World


def namespace(w: World) -> Resource:
    inputs = lambda: {"name": "apps.internal", "vpc": w.vpc.id}  # noqa: E731
    return w.one("namespace", "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace", inputs)


def records(w: World, ttl: int, kind: str = "A") -> dict[str, Any]:
    record = {"type": kind, "ttl": ttl}
    return {"namespaceId": namespace(w).id, "routingPolicy": "MULTIVALUE", "dnsRecords": [record]}


CASES: tuple[Case, ...] = (
    Case(
        "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
        lambda w: {"name": "shop.internal", "vpc": w.vpc.id, "description": "services", **TAGGED},
        lambda w: {"description": "services of the shop", **RETAGGED},
        lambda w: {"name": "other.internal", "vpc": "vpc-0123456789abcdef0"},
    ),
    Case(
        "aws:servicediscovery/httpNamespace:HttpNamespace",
        lambda w: {"name": "shop", "description": "services", **TAGGED},
        lambda w: {"description": "services of the shop", **RETAGGED},
        lambda w: {"name": "other"},
    ),
    Case(
        "aws:servicediscovery/service:Service",
        lambda w: {"name": "app", "dnsConfig": records(w, 10), "forceDestroy": True, **TAGGED},
        lambda w: {"description": "the app", "dnsConfig": records(w, 60), **RETAGGED},
        lambda w: {"name": "other", "dnsConfig": records(w, 10, "SRV")},
    ),
)
