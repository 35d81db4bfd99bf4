"""Network ACLs: own ones, a VPC's default one, single entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_PROTOCOLS: Final = {"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "all": "-1"}
_LAST_RULE: Final = 32767
"""AWS's own closing rule, which denies everything and can't be changed."""


def _entry(rule: Mapping[str, Any], egress: bool) -> dict[str, Any]:
    protocol = _PROTOCOLS.get(str(rule["protocol"]).lower(), str(rule["protocol"]))
    entry: dict[str, Any] = {
        "RuleNumber": int(rule.get("ruleNo", rule.get("ruleNumber", 0))),
        "Protocol": protocol,
        "RuleAction": str(rule.get("action", rule.get("ruleAction"))).lower(),
        "Egress": egress,
    }
    if protocol in ("6", "17"):
        entry["PortRange"] = {"From": int(rule["fromPort"]), "To": int(rule["toPort"])}
    if protocol in ("1", "58"):
        entry["IcmpTypeCode"] = {"Type": int(rule.get("icmpType") or 0), "Code": int(rule.get("icmpCode") or 0)}
    if rule.get("ipv6CidrBlock"):
        entry["Ipv6CidrBlock"] = rule["ipv6CidrBlock"]
    elif rule.get("cidrBlock"):
        entry["CidrBlock"] = rule["cidrBlock"]
    return entry


def _rule(entry: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as an inline rule; ports and the protocol's name as declared where they mean the same."""
    names = {number: name for name, number in _PROTOCOLS.items() if name != "all"}
    protocol = str(entry["Protocol"])
    spelled = str(declared.get("protocol", ""))
    ports = entry.get("PortRange") or {}
    rule = {
        "ruleNo": entry["RuleNumber"],
        "action": entry["RuleAction"],
        "protocol": spelled if _PROTOCOLS.get(spelled.lower(), spelled) == protocol else names.get(protocol, protocol),
        "fromPort": ports.get("From", declared.get("fromPort", 0)),
        "toPort": ports.get("To", declared.get("toPort", 0)),
        "cidrBlock": entry.get("CidrBlock"),
        "ipv6CidrBlock": entry.get("Ipv6CidrBlock"),
    }
    return {name: value for name, value in rule.items() if value is not None}


def _live_rules(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    for direction, egress in (("ingress", False), ("egress", True)):
        declared = {int(rule["ruleNo"]): rule for rule in scene.properties.get(direction) or ()}
        rules[direction] = [
            _rule(entry, declared.get(entry["RuleNumber"], {}))
            for entry in found.get("Entries", ())
            if entry["Egress"] is egress and entry["RuleNumber"] != _LAST_RULE
        ]
    rules["subnetIds"] = [item["SubnetId"] for item in found.get("Associations", ())]
    return rules


def _apply_rules(scene: Scene) -> None:
    acl = scene.call("describe_network_acls", {"NetworkAclIds": [scene.id]})["NetworkAcls"][0]
    adopted = bool(scene.row.kept) and not scene.old
    for direction, egress in (("ingress", False), ("egress", True)):
        if scene.old and direction not in scene.changed:
            continue
        wanted = [_entry(rule, egress) for rule in scene.properties.get(direction) or ()]
        for entry in acl["Entries"]:
            ours = direction in scene.changed or adopted
            if ours and entry["Egress"] is egress and entry["RuleNumber"] != _LAST_RULE:
                number = {"RuleNumber": entry["RuleNumber"], "Egress": egress}
                scene.call("delete_network_acl_entry", {"NetworkAclId": scene.id, **number})
        for entry in wanted:
            scene.call("create_network_acl_entry", {"NetworkAclId": scene.id, **entry})
    if not scene.old or "subnetIds" in scene.changed:
        _associate(scene, scene.id, set(scene.properties.get("subnetIds") or ()))
        released = set(scene.old.get("subnetIds") or ()) - set(scene.properties.get("subnetIds") or ())
        if released:
            _associate(scene, _default_of(scene, acl["VpcId"]), released)


def _default_of(scene: Scene, vpc: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
    return str(scene.call("describe_network_acls", {"Filters": filters})["NetworkAcls"][0]["NetworkAclId"])


def _associate(scene: Scene, acl: str, subnets: set[str]) -> None:
    """A subnet always has one ACL: associating it means replacing the association it has."""
    for subnet in sorted(subnets):
        filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
        for found in scene.call("describe_network_acls", {"Filters": filters})["NetworkAcls"]:
            for association in found["Associations"]:
                if association["SubnetId"] == subnet and association["NetworkAclId"] != acl:
                    replaced = {"AssociationId": association["NetworkAclAssociationId"], "NetworkAclId": acl}
                    scene.call("replace_network_acl_association", replaced)


def _release(scene: Scene) -> None:
    found = (scene.ask("describe_network_acls", {"NetworkAclIds": [scene.id]}) or {}).get("NetworkAcls")
    if found and found[0]["Associations"]:
        subnets = {item["SubnetId"] for item in found[0]["Associations"]}
        _associate(scene, _default_of(scene, found[0]["VpcId"]), subnets)


def _find_entry(scene: Scene) -> Any:
    answer = scene.ask("describe_network_acls", {"NetworkAclIds": [scene.properties["networkAclId"]]})
    number, egress = int(scene.properties["ruleNumber"]), bool(scene.properties.get("egress"))
    entries = answer["NetworkAcls"][0]["Entries"] if answer and answer["NetworkAcls"] else ()
    return next((item for item in entries if item["RuleNumber"] == number and item["Egress"] is egress), None)


def _found_entry(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    rule = _rule(found, scene.properties)
    return {
        "ruleNumber": rule["ruleNo"],
        "ruleAction": rule["action"],
        "networkAclId": scene.properties["networkAclId"],
        "egress": found["Egress"],
        **{name: rule.get(name) for name in ("protocol", "fromPort", "toPort", "cidrBlock", "ipv6CidrBlock")},
    }


def _entry_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    properties = scene.properties
    egress = bool(properties.get("egress"))
    arguments.clear()
    arguments["NetworkAclId"] = properties["networkAclId"]
    if operation == "delete_network_acl_entry":
        arguments |= {"RuleNumber": int(properties["ruleNumber"]), "Egress": egress}
    else:
        arguments |= _entry(properties, egress)


_ACL: Final[Mapping[str, Any]] = {
    "by_hook": ["ingress", "egress", "subnetIds"],
    "arn": "ec2:{region}:{account}:network-acl/{id}",
    "enrich": _live_rules,
    "created": _apply_rules,
    "updated": _apply_rules,
}

ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:ec2/networkAcl:NetworkAcl": row(
        "ec2",
        "create_network_acl",
        "NetworkAcl.NetworkAclId",
        {"NetworkAclId": "{id}"},
        ["describe_network_acls NetworkAcls[0]"],
        delete="delete_network_acl",
        sticky=["ingress", "egress", "subnetIds"],
        deleting=_release,
        **_ACL,
    ),
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": row(
        "ec2",
        "describe_network_acls",
        "NetworkAcls[0].NetworkAclId",
        {"NetworkAclId": "{id}"},
        ["describe_network_acls NetworkAcls[0]"],
        arguments={"NetworkAclIds": ["{defaultNetworkAclId}"]},
        outputs={"defaultNetworkAclId": "{id}"},
        kept="a VPC's default network ACL lives as long as the VPC",
        **_ACL,
    ),
    "aws:ec2/networkAclRule:NetworkAclRule": row(
        "ec2",
        "create_network_acl_entry",
        "{networkAclId}:{ruleNumber}:{egress}",
        {},
        [Read("", by=_find_entry)],
        defaults={"egress": False},
        delete="delete_network_acl_entry",
        prepare=_entry_arguments,
        enrich=_found_entry,
        delete_before_replace=True,
    ),
}
