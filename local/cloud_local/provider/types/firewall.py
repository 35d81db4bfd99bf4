"""Security groups and their rules, network ACLs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from cloud_local.provider.errors import ProviderError
from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_DESCRIPTION: Final = "Managed by Pulumi"
_PROTOCOL_NAMES: Final = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}


class Atom(NamedTuple):
    """One rule towards one target: what AWS keeps, however rules are grouped in a declaration."""

    protocol: str
    from_port: int
    to_port: int
    kind: str
    """The property it is declared by: cidrBlocks, ipv6CidrBlocks, securityGroups, prefixListIds."""
    target: str
    description: str


def _atoms(rule: Mapping[str, Any], group: str) -> set[Atom]:
    protocol = str(rule["protocol"]).lower()
    protocol = _PROTOCOL_NAMES.get(protocol, protocol)
    ports = (-1, -1) if protocol == "-1" else (int(rule.get("fromPort", -1)), int(rule.get("toPort", -1)))
    targets = [
        (kind, str(target))
        for kind in ("cidrBlocks", "ipv6CidrBlocks", "securityGroups", "prefixListIds")
        for target in rule.get(kind) or ()
    ]
    if rule.get("self"):
        targets.append(("securityGroups", group))
    first, last = ports
    return {Atom(protocol, first, last, kind, target, rule.get("description") or "") for kind, target in targets}


_RANGES: Final = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
}


def _permission(atom: Atom) -> dict[str, Any]:
    member, key = _RANGES[atom.kind]
    entry = {key: atom.target, **({"Description": atom.description} if atom.description else {})}
    ports = {} if atom.protocol == "-1" else {"FromPort": atom.from_port, "ToPort": atom.to_port}
    return {"IpProtocol": atom.protocol, **ports, member: [entry]}


def _live_atoms(permissions: Iterable[Mapping[str, Any]]) -> set[Atom]:
    atoms = set()
    for permission in permissions:
        protocol = permission["IpProtocol"]
        ports = (-1, -1) if protocol == "-1" else (permission.get("FromPort", -1), permission.get("ToPort", -1))
        for kind, (member, key) in _RANGES.items():
            for entry in permission.get(member, ()):
                atoms.add(Atom(protocol, ports[0], ports[1], kind, entry[key], entry.get("Description") or ""))
    return atoms


def _regrouped(declared: Iterable[Mapping[str, Any]], live: set[Atom], group: str) -> list[dict[str, Any]]:
    """Live rules in the grouping of the declaration; what isn't declared follows one block each."""
    rest = set(live)
    blocks = []
    for rule in declared:
        atoms = _atoms(rule, group)
        if atoms and atoms <= live:
            blocks.append(dict(rule))
            rest -= atoms
    for atom in sorted(rest):
        if any(atom in _atoms(rule, group) for rule in blocks):
            continue
        ports = (0, 0) if atom.protocol == "-1" else (atom.from_port, atom.to_port)
        block: dict[str, Any] = {"protocol": atom.protocol, "fromPort": ports[0], "toPort": ports[1]}
        block |= {"self": True} if atom.target == group else {atom.kind: [atom.target]}
        if atom.description:
            block["description"] = atom.description
        blocks.append(block)
    return blocks


def _group(scene: Scene) -> Mapping[str, Any]:
    groups: list[Mapping[str, Any]] = scene.call("describe_security_groups", {"GroupIds": [scene.id]})["SecurityGroups"]
    return groups[0]


def _live_rules(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    rules = {}
    for name, member in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        declared = scene.properties.get(name) or ()
        rules[name] = _regrouped(declared, _live_atoms(found.get(member, ())), scene.id)
    return rules


def _set_rules(scene: Scene, direction: str, live: set[Atom], wanted: set[Atom], removable: set[Atom]) -> None:
    gone = (live - wanted) & removable
    if gone:
        permissions = [_permission(atom) for atom in sorted(gone)]
        scene.call(f"revoke_security_group_{direction}", {"GroupId": scene.id, "IpPermissions": permissions})
    if wanted - live:
        permissions = [_permission(atom) for atom in sorted(wanted - live)]
        scene.call(f"authorize_security_group_{direction}", {"GroupId": scene.id, "IpPermissions": permissions})


def _wanted(scene: Scene, direction: str, inputs: Mapping[str, Any]) -> set[Atom]:
    return {atom for rule in inputs.get(direction) or () for atom in _atoms(rule, scene.id)}


def _first_rules(scene: Scene) -> None:
    """Terraform takes away AWS's own egress rule, so that a group allows what its program says and no more."""
    found = _group(scene)
    live = {"ingress": _live_atoms(found["IpPermissions"]), "egress": _live_atoms(found["IpPermissionsEgress"])}
    for direction, atoms in live.items():
        _set_rules(scene, direction, atoms, _wanted(scene, direction, scene.properties), atoms)


def _changed_rules(scene: Scene) -> None:
    """Removes what was declared before and isn't now; rules of separate resources stay."""
    found = _group(scene)
    live = {"ingress": _live_atoms(found["IpPermissions"]), "egress": _live_atoms(found["IpPermissionsEgress"])}
    for direction, atoms in live.items():
        if direction in scene.changed:
            removable = atoms if direction in scene.properties else _wanted(scene, direction, scene.old)
            _set_rules(scene, direction, atoms, _wanted(scene, direction, scene.properties), removable)


def _revoke_all(scene: Scene) -> None:
    """Two groups that name each other can only be deleted without their rules."""
    if not scene.properties.get("revokeRulesOnDelete"):
        return
    for direction, member in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        atoms = _live_atoms(_group(scene)[member])
        _set_rules(scene, direction, atoms, set(), atoms)


def _rule_request(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The SecurityGroupRuleRequest of a rule resource; all ports are -1, as AWS keeps them."""
    members = {
        "IpProtocol": str(properties["ipProtocol"]),
        "FromPort": int(properties.get("fromPort", -1)),
        "ToPort": int(properties.get("toPort", -1)),
        "CidrIpv4": properties.get("cidrIpv4"),
        "CidrIpv6": properties.get("cidrIpv6"),
        "PrefixListId": properties.get("prefixListId"),
        "ReferencedGroupId": properties.get("referencedSecurityGroupId"),
        "Description": properties.get("description"),
    }
    return {name: value for name, value in members.items() if value is not None}


def _rule_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    properties = scene.properties
    if operation.startswith("authorize_"):
        for member in set(arguments) - {"GroupId", "TagSpecifications"}:
            del arguments[member]
        kinds = {
            "cidrBlocks": "cidrIpv4",
            "ipv6CidrBlocks": "cidrIpv6",
            "securityGroups": "referencedSecurityGroupId",
            "prefixListIds": "prefixListId",
        }
        rule: dict[str, Any] = {kind: [properties[name]] for kind, name in kinds.items() if properties.get(name)}
        if len(rule) != 1:
            raise ProviderError(f"a security group rule has exactly one of {', '.join(kinds.values())}")
        rule |= {"protocol": properties["ipProtocol"], "description": properties.get("description")}
        rule |= {name: properties[name] for name in ("fromPort", "toPort") if name in properties}
        arguments["IpPermissions"] = [_permission(atom) for atom in _atoms(rule, "")]
    elif operation == "modify_security_group_rules":
        arguments.clear()
        arguments["GroupId"] = properties["securityGroupId"]
        arguments["SecurityGroupRules"] = [
            {"SecurityGroupRuleId": scene.id, "SecurityGroupRule": _rule_request(properties)}
        ]


def _found_rule(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    ports = {} if found["IpProtocol"] == "-1" else {"fromPort": found.get("FromPort"), "toPort": found.get("ToPort")}
    if found["IpProtocol"] == "-1":  # AWS has no ports there; the declaration may spell them as it likes
        ports = {name: scene.properties.get(name) for name in ("fromPort", "toPort")}
    return {**ports, "referencedSecurityGroupId": (found.get("ReferencedGroupInfo") or {}).get("GroupId")}


def _rule_row(direction: str) -> ResourceType:
    return row(
        "ec2",
        f"authorize_security_group_{direction}",
        "SecurityGroupRules[0].SecurityGroupRuleId",
        {"GroupId": "{securityGroupId}", "SecurityGroupRuleIds": "{id}"},
        [Read("describe_security_group_rules", "SecurityGroupRules[0]", {"SecurityGroupRuleIds": ["{id}"]})],
        delete=f"revoke_security_group_{direction}",
        rename={"securityGroupId": "GroupId"},
        arn="ec2:{region}:{account}:security-group-rule/{id}",
        outputs={"securityGroupRuleId": "{id}"},
        tag_kind="security-group-rule",
        updates=[
            Update(
                "modify_security_group_rules",
                (
                    *("cidrIpv4", "cidrIpv6", "description", "fromPort", "ipProtocol"),
                    *("prefixListId", "referencedSecurityGroupId", "toPort"),
                ),
                on_create=False,
                whole=True,
            )
        ],
        prepare=_rule_arguments,
        enrich=_found_rule,
    )


def _legacy_atoms(properties: Mapping[str, Any]) -> set[Atom]:
    rule = dict(properties)
    if rule.get("sourceSecurityGroupId"):
        rule["securityGroups"] = [rule["sourceSecurityGroupId"]]
    return _atoms(rule, properties["securityGroupId"])


def _legacy_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    """SecurityGroupRule goes by direction, which its `type` says; the row names ingress."""
    arguments.clear()
    direction = scene.properties["type"]
    permissions = [_permission(atom) for atom in sorted(_legacy_atoms(scene.properties))]
    if operation != "describe_security_groups":
        raise ProviderError(f"unexpected operation {operation}")
    scene.call(
        f"authorize_security_group_{direction}",
        {"GroupId": scene.properties["securityGroupId"], "IpPermissions": permissions},
    )
    arguments["GroupIds"] = [scene.properties["securityGroupId"]]


def _find_legacy(scene: Scene) -> Any:
    answer = scene.ask("describe_security_groups", {"GroupIds": [scene.properties["securityGroupId"]]})
    if answer is None:
        return None
    member = "IpPermissions" if scene.properties["type"] == "ingress" else "IpPermissionsEgress"
    live = _live_atoms(answer["SecurityGroups"][0][member])
    return {"atoms": live} if _legacy_atoms(scene.properties) <= live else None


def _found_legacy(scene: Scene, _found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in scene.properties.items() if name in scene.schema.inputs}


def _legacy_id(scene: Scene) -> str:
    properties = scene.properties
    parts = [properties["securityGroupId"], properties["type"], str(properties["protocol"])]
    parts += [str(properties["fromPort"]), str(properties["toPort"])]
    parts += sorted(atom.target for atom in _legacy_atoms(properties))
    stable = "_".join(parts)
    return f"sgrule-{stable}"


def _revoke_legacy(scene: Scene) -> None:
    permissions = [_permission(atom) for atom in sorted(_legacy_atoms(scene.properties))]
    arguments = {"GroupId": scene.properties["securityGroupId"], "IpPermissions": permissions}
    scene.ask(f"revoke_security_group_{scene.properties['type']}", arguments)


_GROUP: Final[Mapping[str, Any]] = {
    "arn": "ec2:{region}:{account}:security-group/{id}",
    "by_hook": ["ingress", "egress"],
    "sticky": ["ingress", "egress"],
    "provider_only": ["revokeRulesOnDelete", "namePrefix"],
    "enrich": _live_rules,
    "created": _first_rules,
    "updated": _changed_rules,
}

ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:ec2/securityGroup:SecurityGroup": row(
        "ec2",
        "create_security_group",
        "GroupId",
        {"GroupId": "{id}"},
        ["describe_security_groups SecurityGroups[0]"],
        delete="delete_security_group",
        rename={"name": "GroupName"},
        defaults={"description": _DESCRIPTION, "revokeRulesOnDelete": False},
        deleting=_revoke_all,
        **_GROUP,
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": row(
        "ec2",
        "describe_security_groups",
        "SecurityGroups[0].GroupId",
        {"GroupId": "{id}"},
        ["describe_security_groups SecurityGroups[0]"],
        arguments={
            "Filters": [{"Name": "vpc-id", "Values": ["{vpcId}"]}, {"Name": "group-name", "Values": ["default"]}]
        },
        rename={"name": "GroupName"},
        kept="a VPC's default security group lives as long as the VPC",
        **{**_GROUP, "sticky": []},
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule_row("ingress"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule_row("egress"),
    "aws:ec2/securityGroupRule:SecurityGroupRule": row(
        "ec2",
        "describe_security_groups",
        "sgrule-{securityGroupId}",
        {},
        [Read("", by=_find_legacy)],
        identify=_legacy_id,
        prepare=_legacy_arguments,
        enrich=_found_legacy,
        deleting=_revoke_legacy,
    ),
}
