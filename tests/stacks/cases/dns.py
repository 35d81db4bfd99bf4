"""What is tried with the stack dns."""

from __future__ import annotations

from tests.stacks.case import StackCase

ALIAS = {"name": "lb.eu-west-1.elb.amazonaws.com", "zoneId": "Z32O12XQLNTSW2"}
LONG = "k=" + "a" * 600

CASE = StackCase(
    production={
        "domain": "shop.example",
        "records": {
            "www": {"name": "www", "type": "CNAME", "values": ["shop.example"], "ttl": 60},
            "apex": {"type": "A", "alias": ALIAS},
            "mail": {"type": "MX", "values": ["10 mail.other.example", "20 mail2.other.example"]},
            "spf": {"type": "TXT", "values": ["v=spf1 -all", LONG]},
            "issuers": {"type": "CAA", "values": ['0 issue "amazon.com"']},
            "anything": {"name": "*.preview", "type": "A", "values": ["192.0.2.1"]},
        },
        "certificate": {"enabled": True, "alternativeNames": ["api.eu.shop.example", "*.eu.shop.example"]},
    },
    change={
        "forceDestroy": True,
        "records": {
            "www": {"type": "A", "values": ["192.0.2.2"]},
            "mail": {"values": ["10 mail.other.example"], "ttl": 3600},
            "apex": {"alias": {"evaluateHealth": True}},
        },
    },
    replace={"domain": "other.example", "certificate": {"alternativeNames": []}},
    accepted=(
        {"domain": "a.b"},
        {"records": {"all": {"name": "*", "type": "AAAA", "values": ["2001:db8::1"], "ttl": 604800}}},
        {"records": {"dmarc": {"name": "_dmarc", "type": "TXT", "values": ["v=DMARC1"], "ttl": 1}}},
        {"domain": "shop.example", "certificate": {"enabled": True, "wildcard": False}},
        {
            "records": {
                "a": {"name": "@", "type": "A", "values": ["192.0.2.1"]},
                "b": {"name": "@", "type": "AAAA", "alias": ALIAS},
            }
        },
    ),
    refused=(
        ({"domain": "shop"}, "p:domain: String should match pattern"),
        ({"domain": "Shop.example"}, "p:domain: String should match pattern"),
        ({"records": {"a": {"type": "SOA", "values": ["x"]}}}, "p:records.a.type: Input should be 'A', 'AAAA'"),
        ({"records": {"a": {"type": "A"}}}, "p:records.a: either values or alias.name"),
        ({"records": {"a": {"type": "A", "values": ["1"], "alias": ALIAS}}}, "either values or alias.name"),
        ({"records": {"a": {"type": "A", "alias": {"name": "lb"}}}}, "alias.name and alias.zoneId belong together"),
        ({"records": {"a": {"type": "MX", "alias": ALIAS}}}, "an alias has the type A or AAAA, not MX"),
        ({"records": {"a": {"type": "CNAME", "values": ["b.example"]}}}, "isn't possible for the zone itself"),
        ({"records": {"a": {"type": "NS", "values": ["ns.example"]}}}, "name servers are Route 53's"),
        ({"records": {"a": {"type": "A", "values": ["192.0.2.1"], "ttl": 0}}}, "p:records.a.ttl"),
        ({"records": {"a": {"name": "b_.", "type": "A", "values": ["192.0.2.1"]}}}, "p:records.a.name"),
        (
            {"records": {key: {"type": "A", "values": ["192.0.2.1"]} for key in ("a", "b")}},
            "records has A @ more than once",
        ),
        ({"certificate": {"enabled": True}}, "certificate.enabled needs a domain"),
        (
            {"domain": "shop.example", "certificate": {"enabled": True, "alternativeNames": ["a.other.example"]}},
            "a.other.example is not below shop.example",
        ),
        ({"certificate": {"enable": True}}, "p:certificate.enable: unknown key; did you mean 'enabled'?"),
    ),
)
