"""Elastic Load Balancing v2: listeners, their rules and their certificates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.connection import Connection
from cloud_local.provider.errors import ProviderError
from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.names import match
from cloud_local.provider.scene import Scene
from cloud_local.provider.schema import result_of
from cloud_local.provider.shapes import from_aws
from cloud_local.provider.types import balancer_attributes as attributes
from cloud_local.provider.types.notation import row

_NESTED: Final = {
    "arn": "TargetGroupArn",
    "duration": "DurationSeconds",
    "stickiness": "TargetGroupStickinessConfig",
}
"""Inside an action that forwards to several groups."""

_FIELDS: Final = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "queryStrings": ("query-string", "QueryStringConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}
"""Property of a condition -> its field, and the member that holds its values."""


def attribute_of(name: str) -> str:
    """The attribute that a property of a listener is, by the names that Elastic Load Balancing gives them:
    ``routingHttpResponseXFrameOptionsHeaderValue`` is ``routing.http.response.x_frame_options.header_value``.
    """
    if name == "tcpIdleTimeoutSeconds":
        return "tcp.idle_timeout.seconds"
    if name == "routingHttpResponseServerEnabled":
        return "routing.http.response.server.enabled"
    direction, header, kind = re.fullmatch(r"routingHttp(Request|Response)(\w+)Header(Name|Value)", name).groups()  # type: ignore[union-attr]
    words = re.findall(r"[A-Z][a-z0-9]*", header)
    joined = "_".join(words).lower()
    return f"routing.http.{direction.lower()}.{joined}.header_{kind.lower()}"


_REQUEST_HEADERS: Final = (
    *("MtlsClientcert", "MtlsClientcertIssuer", "MtlsClientcertLeaf", "MtlsClientcertSerialNumber"),
    *("MtlsClientcertSubject", "MtlsClientcertValidity", "TlsCipherSuite", "TlsVersion"),
)
_RESPONSE_HEADERS: Final = (
    *("AccessControlAllowCredentials", "AccessControlAllowHeaders", "AccessControlAllowMethods"),
    *("AccessControlAllowOrigin", "AccessControlExposeHeaders", "AccessControlMaxAge", "ContentSecurityPolicy"),
    *("StrictTransportSecurity", "XContentTypeOptions", "XFrameOptions"),
)
_ATTRIBUTES: Final = {
    name: attribute_of(name)
    for name in (
        *(f"routingHttpRequestXAmzn{header}HeaderName" for header in _REQUEST_HEADERS),
        *(f"routingHttpResponse{header}HeaderValue" for header in _RESPONSE_HEADERS),
        "routingHttpResponseServerEnabled",
        "tcpIdleTimeoutSeconds",
    )
}


def _listener_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation in ("create_listener", "modify_listener") and scene.properties.get("certificateArn"):
        arguments["Certificates"] = [{"CertificateArn": scene.properties["certificateArn"]}]


def _listener_settings(scene: Scene) -> None:
    wanted = {
        key: scene.properties.get(name, "") for name, key in _ATTRIBUTES.items() if attributes.touched(scene, name)
    }
    attributes.put(scene, "modify_listener_attributes", {"ListenerArn": scene.id}, wanted)


def _listener_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    live = attributes.live(scene, "describe_listener_attributes", {"ListenerArn": scene.id})
    facts = {name: attributes.typed(scene, name, live[key]) for name, key in _ATTRIBUTES.items() if live.get(key)}
    certificates = [item for item in found.get("Certificates") or () if item.get("IsDefault") is not False]
    return {
        **facts,
        "certificateArn": certificates[0]["CertificateArn"] if certificates else None,
        "alpnPolicy": next(iter(found.get("AlpnPolicy") or ()), None),
    }


def _rule_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation in ("create_rule", "modify_rule"):
        arguments["Conditions"] = [_condition(item) for item in scene.properties["conditions"]]
    if operation == "create_rule" and scene.properties.get("priority") is None:
        rules = scene.call("describe_rules", {"ListenerArn": scene.properties["listenerArn"]})["Rules"]
        taken = [int(rule["Priority"]) for rule in rules if str(rule["Priority"]).isdecimal()]
        arguments["Priority"] = max(taken, default=0) + 1  # as Terraform does: the next free one
    if operation == "set_rule_priorities":
        arguments.clear()
        arguments["RulePriorities"] = [{"RuleArn": scene.id, "Priority": int(scene.properties["priority"])}]


def _condition(declared: Mapping[str, Any]) -> dict[str, Any]:
    """One condition as AWS takes it: a field by name, and its values in a structure of its own."""
    name = next(name for name in _FIELDS if declared.get(name))
    field, member = _FIELDS[name]
    values = declared[name]
    if name == "queryStrings":
        pairs = [{key.capitalize(): item[key] for key in ("key", "value") if item.get(key)} for item in values]
        return {"Field": field, member: {"Values": pairs}}
    configuration: dict[str, Any] = {}
    for key, target in (("values", "Values"), ("regexValues", "RegexValues"), ("httpHeaderName", "HttpHeaderName")):
        if values.get(key):
            configuration[target] = values[key]
    return {"Field": field, member: configuration}


def _rule_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    conditions = []
    for item in found.get("Conditions") or ():
        name, (_, member) = next((name, names) for name, names in _FIELDS.items() if names[0] == item["Field"])
        live = item.get(member) or {}
        if name == "queryStrings":
            value: Any = [{key.lower(): text for key, text in pair.items()} for pair in live.get("Values") or ()]
        else:
            keys = (("values", "Values"), ("regexValues", "RegexValues"), ("httpHeaderName", "HttpHeaderName"))
            value = {key: live[target] for key, target in keys if live.get(target)}
        conditions.append({name: value})
    listener = scene.id.replace(":listener-rule/", ":listener/").rpartition("/")[0]
    return {"conditions": conditions, "listenerArn": listener}


def _certificate_arguments(scene: Scene, _operation: str, arguments: dict[str, Any]) -> None:
    arguments["Certificates"] = [{"CertificateArn": scene.properties["certificateArn"]}]


def _certificate(scene: Scene) -> Any:
    declared = {name: scene.properties[name] for name in ("listenerArn", "certificateArn")}
    answer = scene.ask("describe_listener_certificates", {"ListenerArn": declared["listenerArn"]}) or {}
    arns = {item["CertificateArn"] for item in answer.get("Certificates") or ()}
    return declared if declared["certificateArn"] in arns else None


def look_up_listener(connection: Connection, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """One listener, by its ARN, else by its load balancer and port.

    Raises:
        ProviderError: there is none.
        ClientError: AWS refuses.
    """
    region = str(arguments.get("region") or connection.settings.region)
    asked = {"ListenerArns": [arguments["arn"]]} if arguments.get("arn") else None
    request = asked or {"LoadBalancerArn": arguments.get("loadBalancerArn", "")}
    listeners = connection.call("elbv2", "describe_listeners", request, region)["Listeners"]
    found = [item for item in listeners if arguments.get("port") in (None, item.get("Port"))]
    if len(found) != 1:
        raise ProviderError(f"{LISTENER_FUNCTION}: {len(found)} results instead of one")
    listener = found[0]
    certificates = listener.get("Certificates") or [{}]
    result: dict[str, Any] = {
        "id": listener["ListenerArn"],
        "arn": listener["ListenerArn"],
        "region": region,
        "tags": {},
    }
    result["certificateArn"] = certificates[0].get("CertificateArn", "")
    for name, declared in result_of(LISTENER_FUNCTION).items():
        member = match(name, listener)
        if name not in result and member is not None:
            result[name] = from_aws(declared, listener[member], _NESTED)
    return result


LISTENER_FUNCTION: Final = "aws:lb/getListener:getListener"

LISTENER_ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:lb/listener:Listener": row(
        "elbv2",
        "create_listener",
        "Listeners[0].ListenerArn",
        {"ListenerArn": "{id}"},
        ["describe_listeners Listeners[0]"],
        delete="delete_listener",
        updates=[
            Update(
                "modify_listener",
                (
                    "port",
                    "protocol",
                    "sslPolicy",
                    "certificateArn",
                    "defaultActions",
                    "alpnPolicy",
                    "mutualAuthentication",
                ),
                on_create=False,
                whole=True,
            )
        ],
        by_hook=[*_ATTRIBUTES],
        nested=_NESTED,
        sticky=["mutualAuthentication", "protocol", "sslPolicy", "tcpIdleTimeoutSeconds"],
        outputs={"arn": "{id}"},
        prepare=_listener_arguments,
        created=_listener_settings,
        updated=_listener_settings,
        enrich=_listener_facts,
    ),
    "aws:lb/listenerRule:ListenerRule": row(
        "elbv2",
        "create_rule",
        "Rules[0].RuleArn",
        {"RuleArn": "{id}"},
        ["describe_rules Rules[0]"],
        delete="delete_rule",
        updates=[
            Update("modify_rule", ("actions", "conditions"), on_create=False, whole=True),
            Update("set_rule_priorities", ("priority",), on_create=False),
        ],
        rename={"conditions": "-", "priority": "Priority"},
        nested=_NESTED,
        sticky=["priority"],
        outputs={"arn": "{id}"},
        prepare=_rule_arguments,
        enrich=_rule_facts,
    ),
    "aws:lb/listenerCertificate:ListenerCertificate": row(
        "elbv2",
        "add_listener_certificates",
        "{listenerArn}_{certificateArn}",
        {"ListenerArn": "{listenerArn}"},
        [Read("describe_listener_certificates", by=_certificate)],
        delete="remove_listener_certificates",
        prepare=_certificate_arguments,
    ),
}
