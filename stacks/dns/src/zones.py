"""A public hosted zone and what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import route53

from src.configuration import APEX, RecordConfig

LONGEST_STRING = 255
"""Characters of one string of a TXT record; a longer text is many."""


@dataclass(frozen=True, slots=True)
class ZoneArgs:
    """``records`` have names relative to ``domain``; their keys name them in Pulumi."""

    domain: str
    records: Mapping[str, RecordConfig]
    force_destroy: bool


class Zone(pulumi.ComponentResource):
    """The zone with its records."""

    id: pulumi.Output[str]
    name_servers: pulumi.Output[list[str]]

    def __init__(self, name: str, args: ZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:dns:Zone", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        zone = route53.Zone(
            name,
            name=args.domain,
            comment="Managed by Pulumi",
            force_destroy=args.force_destroy,
            opts=child,
        )
        for key, record in args.records.items():
            route53.Record(
                key,
                zone_id=zone.zone_id,
                name=args.domain if record.name == APEX else f"{record.name}.{args.domain}",
                type=record.type,
                **_content(record),
                opts=child,
            )
        self.id, self.name_servers = zone.zone_id, zone.name_servers
        self.register_outputs({"id": self.id, "nameServers": self.name_servers})


def _content(record: RecordConfig) -> dict[str, Any]:
    if record.alias.name is not None and record.alias.zone_id is not None:
        alias = record.alias
        return {
            "aliases": [{"name": alias.name, "zone_id": alias.zone_id, "evaluate_target_health": alias.evaluate_health}]
        }
    values: list[pulumi.Input[str]] = list(record.values)
    if record.type == "TXT":
        values = [pulumi.Output.from_input(value).apply(text) for value in values]
    return {"records": values, "ttl": record.ttl}


def text(value: str) -> str:
    """A text as a TXT record holds it, without the outermost quotes, which the provider adds."""
    parts = [value[start : start + LONGEST_STRING] for start in range(0, len(value), LONGEST_STRING)]
    return '" "'.join(part.replace("\\", "\\\\").replace('"', '\\"') for part in parts)
