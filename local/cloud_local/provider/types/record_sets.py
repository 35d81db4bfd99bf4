"""Route 53 records: one record set of a zone, made, changed and removed by batches of changes.

The rules are those of terraform-provider-aws: a name may leave out the zone's, texts go without their quotes, a record that
exists already is refused unless `allowOverwrite` says otherwise, another type is a deletion and a creation in one batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.names import match
from cloud_local.provider.scene import Scene
from cloud_local.provider.shapes import from_aws, to_aws

_QUOTED: Final = ("TXT", "SPF")
# Property, a list of one block with one field -> (member, that field).
_SIMPLE_POLICIES: Final = {
    "failoverRoutingPolicies": ("Failover", "type"),
    "latencyRoutingPolicies": ("Region", "region"),
    "weightedRoutingPolicies": ("Weight", "weight"),
}
_POLICIES: Final = {
    "cidrRoutingPolicy": "CidrRoutingConfig",
    "geolocationRoutingPolicies": "GeoLocation",
    "geoproximityRoutingPolicy": "GeoProximityLocation",
}
_PLACES: Final = {"continent": "ContinentCode", "country": "CountryCode", "subdivision": "SubdivisionCode"}
_SCALARS: Final = {
    "healthCheckId": "HealthCheckId",
    "multivalueAnswerRoutingPolicy": "MultiValueAnswer",
    "setIdentifier": "SetIdentifier",
    "ttl": "TTL",
}
CHANGEABLE: Final = ("aliases", "records", "type", *_SCALARS, *_SIMPLE_POLICIES, *_POLICIES)
"""All but the zone and the name can be changed in place."""


def zone_name(scene: Scene, zone_id: str) -> str:
    """The zone's name, without the last dot."""
    answer = scene.call("get_hosted_zone", {"Id": zone_id})
    return str(answer["HostedZone"]["Name"]).rstrip(".")


def plain_name(name: str) -> str:
    """A name as people write it: Route 53 escapes the asterisk and ends in a dot."""
    return name.replace("\\052", "*").rstrip(".").lower()


def record_id(scene: Scene) -> str:
    """`{zone}_{name}_{type}`, and the set identifier where there is one."""
    given = scene.properties
    parts = [given["zoneId"], plain_name(given["name"]), given["type"], given.get("setIdentifier")]
    return "_".join(str(part) for part in parts if part)


def find_record(scene: Scene) -> dict[str, Any] | None:
    """The record set as Route 53 tells of it."""
    given = scene.properties
    if scene.ask("get_hosted_zone", {"Id": given["zoneId"]}) is None:
        return None
    full = _full_name(scene, given)
    pages = scene.connection.pages("route53", "list_resource_record_sets", {"HostedZoneId": given["zoneId"]})
    wanted = (full, given["type"], given.get("setIdentifier") or "")
    for page in pages:
        for record in page["ResourceRecordSets"]:
            if (plain_name(record["Name"]), record["Type"], record.get("SetIdentifier", "")) == wanted:
                return dict(record)
    return None


def change_batch(scene: Scene, _operation: str, arguments: dict[str, Any]) -> None:
    """The batch that creates the record, or brings it from `scene.old` to what is declared."""
    given, old = scene.properties, scene.old
    if not old:
        changes = [_change("UPSERT" if given.get("allowOverwrite") else "CREATE", _record_set(scene, given))]
    elif {"type", "setIdentifier"} & scene.changed:
        changes = [_change("DELETE", _record_set(scene, old)), _change("CREATE", _record_set(scene, given))]
    else:
        changes = [_change("UPSERT", _record_set(scene, given))]
    arguments.clear()
    arguments |= {"HostedZoneId": given["zoneId"], "ChangeBatch": {"Changes": changes}}


def delete_record(scene: Scene) -> None:
    """Route 53 deletes a record that is told exactly as it is."""
    found = find_record(scene)
    if found is not None:
        batch = {"Changes": [_change("DELETE", found)]}
        scene.call("change_resource_record_sets", {"HostedZoneId": scene.properties["zoneId"], "ChangeBatch": batch})


def record_properties(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    """A record set as properties."""
    given, outputs = scene.properties, scene.schema.outputs
    full = plain_name(found["Name"])
    properties: dict[str, Any] = {
        # What was declared without the zone's name stays so.
        "name": given["name"] if given.get("name") and _full_name(scene, given) == full else full,
        "fqdn": full,
        "type": found["Type"],
        "zoneId": given["zoneId"],
    }
    properties |= {name: found[member] for name, member in _SCALARS.items() if member in found}
    if found.get("ResourceRecords"):
        values = [item["Value"] for item in found["ResourceRecords"]]
        properties["records"] = [_unquoted(value) for value in values] if found["Type"] in _QUOTED else values
    if found.get("AliasTarget"):
        properties["aliases"] = [_alias(found["AliasTarget"], given)]
    for name, (member, field) in _SIMPLE_POLICIES.items():
        if found.get(member) is not None:
            properties[name] = [{field: found[member]}]
    for name, member in _POLICIES.items():
        if found.get(member):
            properties[name] = from_aws(outputs[name], found[member], _PLACES)
    return properties


def _full_name(scene: Scene, given: Mapping[str, Any]) -> str:
    zone, name = zone_name(scene, given["zoneId"]), plain_name(given["name"])
    return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}" if name else zone


def _record_set(scene: Scene, given: Mapping[str, Any]) -> dict[str, Any]:
    operation = scene.connection.model("route53", "change_resource_record_sets")
    shape = operation.input_shape.members["ChangeBatch"].members["Changes"].member.members["ResourceRecordSet"]
    record: dict[str, Any] = {"Name": _full_name(scene, given), "Type": given["type"]}
    for name, member in _SCALARS.items():
        if given.get(name) not in (None, "", False):
            record[member] = to_aws(shape.members[member], given[name])
    for name, (member, field) in _SIMPLE_POLICIES.items():
        if given.get(name):
            record[member] = to_aws(shape.members[member], given[name][0][field])
    for name, member in _POLICIES.items():
        if given.get(name):
            record[member] = to_aws(shape.members[member], given[name], _PLACES)
    if given.get("records"):
        quote = '"{}"' if given["type"] in _QUOTED else "{}"
        record["ResourceRecords"] = [{"Value": quote.format(value)} for value in given["records"]]
    if given.get("aliases"):
        (alias,) = given["aliases"]
        target = shape.members["AliasTarget"]
        renames = {"name": "DNSName", "zoneId": match("hostedZoneId", target.members) or "HostedZoneId"}
        record["AliasTarget"] = to_aws(target, alias, renames)
    return record


def _alias(target: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """An alias; its name as it was declared, where that means the same."""
    name = plain_name(target["DNSName"])
    declared = next((item["name"] for item in given.get("aliases") or ()), "")
    return {
        "name": declared if plain_name(declared) == name else name,
        "zoneId": target["HostedZoneId"],
        "evaluateTargetHealth": target["EvaluateTargetHealth"],
    }


def _unquoted(value: str) -> str:
    return value.removeprefix('"').removesuffix('"')


def _change(action: str, record: Mapping[str, Any]) -> dict[str, Any]:
    return {"Action": action, "ResourceRecordSet": dict(record)}
