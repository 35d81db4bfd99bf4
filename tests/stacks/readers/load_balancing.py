"""Elastic Load Balancing v2, and the firewall before it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Clients, Reader, Resource, told_by


def _certificate(clients: Clients, resource: Resource) -> bool:
    client, outputs = clients("elbv2"), resource["outputs"]
    try:
        found = client.describe_listener_certificates(ListenerArn=outputs["listenerArn"])["Certificates"]
    except client.exceptions.ListenerNotFoundException:
        return False
    return any(item["CertificateArn"] == outputs["certificateArn"] for item in found)


def _attachment(clients: Clients, resource: Resource) -> bool:
    client, outputs = clients("elbv2"), resource["outputs"]
    try:
        found = client.describe_target_health(TargetGroupArn=outputs["targetGroupArn"])["TargetHealthDescriptions"]
    except client.exceptions.TargetGroupNotFoundException:
        return False
    return any(item["Target"]["Id"] == outputs["targetId"] for item in found)


READERS: Mapping[str, Reader] = {
    "aws:lb/loadBalancer:LoadBalancer": told_by(
        "elbv2",
        "describe_load_balancers",
        lambda resource: {"LoadBalancerArns": [resource["id"]]},
        "LoadBalancers",
        ("LoadBalancerNotFound",),
    ),
    "aws:lb/targetGroup:TargetGroup": told_by(
        "elbv2",
        "describe_target_groups",
        lambda resource: {"TargetGroupArns": [resource["id"]]},
        "TargetGroups",
        ("TargetGroupNotFound",),
    ),
    "aws:lb/listener:Listener": told_by(
        "elbv2",
        "describe_listeners",
        lambda resource: {"ListenerArns": [resource["id"]]},
        "Listeners",
        ("ListenerNotFound",),
    ),
    "aws:lb/listenerRule:ListenerRule": told_by(
        "elbv2", "describe_rules", lambda resource: {"RuleArns": [resource["id"]]}, "Rules", ("RuleNotFound",)
    ),
    "aws:lb/listenerCertificate:ListenerCertificate": _certificate,
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": _attachment,
    "aws:wafv2/webAclAssociation:WebAclAssociation": told_by(
        "wafv2",
        "get_web_acl_for_resource",
        lambda resource: {"ResourceArn": resource["outputs"]["resourceArn"]},
        "WebACL",
        ("WAFNonexistentItemException",),
    ),
}
