"""What is tried with the stack services-ecs."""

from __future__ import annotations

from tests.stacks.case import Config, Outputs, StackCase

# The emulated AWS asks ACM for certificates, and takes IAM's on trust.
CERTIFICATE = "arn:aws:iam::123456789012:server-certificate/shop"
FURTHER = "arn:aws:iam::123456789012:server-certificate/further"
ACL = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/web/1"


def stand_in(outputs: Outputs) -> Config:
    network, security = outputs["network"], outputs["security"]
    return {
        "vpcId": network["vpcId"],
        "publicSubnetIds": network["publicSubnetIds"],
        "privateSubnetIds": network["privateSubnetIds"],
        "webSecurityGroupId": security["webSecurityGroupId"],
        "kmsKeyArn": security["kmsKeyArn"],
    }


CASE = StackCase(
    needs=("network", "security"),
    stand_in=stand_in,
    production={
        "cluster": {"containerInsights": "enhanced", "defaultCapacity": "spot"},
        "executeCommand": {"enabled": True, "retentionDays": 365},
        "loadBalancer": {
            "internetFacing": True,
            "certificateArn": CERTIFICATE,
            "furtherCertificateArns": [FURTHER],
            "minimumTls": "TLSv1.3",
            "accessLogsBucket": "access-logs",
            "accessLogsPrefix": "shop/web",
        },
        "fallback": {"enabled": True, "addresses": ["10.0.200.10", "10.0.200.11"], "healthPath": "/health"},
        "namespace": "apps.shop.internal",
    },
    change={
        "cluster": {"containerInsights": "disabled", "defaultCapacity": "on-demand"},
        "executeCommand": {"retentionDays": 30},
        "loadBalancer": {"idleTimeout": 120, "accessLogsPrefix": "web"},
        "fallback": {"healthPath": "/ready"},
    },
    replace={"loadBalancer": {"internetFacing": False}, "namespace": "services.shop.internal"},
    accepted=(
        {"loadBalancer": {"idleTimeout": 4000, "deletionProtection": True}},
        {"loadBalancer": {"certificateArn": CERTIFICATE, "internetFacing": True}, "waf": True, "webAclArn": ACL},
        {"loadBalancer": {"certificate_arn": "arn:aws-cn:acm:cn-north-1:123456789012:certificate/1"}},
        {"fallback": {"status": "503"}, "namespace": "a.b.example"},
        {"fallback": {"enabled": True, "addresses": ["10.0.0.4"], "protocol": "HTTPS", "port": 65535}},
        {"publicSubnetIds": ["subnet-1", "subnet-2"], "logsKmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1"},
    ),
    refused=(
        ({"loadBalancer": {"internetFacing": True}}, "p:loadBalancer: internetFacing needs a certificateArn"),
        ({"loadBalancer": {"furtherCertificateArns": [FURTHER]}}, "furtherCertificateArns needs a certificateArn"),
        ({"loadBalancer": {"minimumTls": "TLSv1.1"}}, "p:loadBalancer.minimumTls: Input should be 'TLSv1.2' or"),
        (
            {"loadBalancer": {"idleTimeout": 0}},
            "p:loadBalancer.idleTimeout: Input should be greater than or equal to 1",
        ),
        ({"loadBalancer": {"certificateArn": "web"}}, "p:loadBalancer.certificateArn: String should match pattern"),
        ({"loadBalancer": {"accessLogsBucket": "Logs"}}, "p:loadBalancer.accessLogsBucket: String should match"),
        ({"fallback": {"enabled": True}}, "p:fallback: enabled needs addresses"),
        ({"fallback": {"addresses": ["10.0.0.1"] * 2}}, "p:fallback: addresses names something twice"),
        ({"fallback": {"status": "200"}}, "p:fallback.status: Input should be '404' or '503'"),
        ({"cluster": {"containerInsights": True}}, "p:cluster.containerInsights: Input should be 'disabled'"),
        ({"publicSubnetIds": ["subnet-1"]}, "p:publicSubnetIds: List should have at least 2 items"),
        ({"namespace": "Apps"}, "p:namespace: String should match pattern"),
        ({"executeCommand": {"retentionDays": 31}}, "p:executeCommand.retentionDays: Input should be 1, 3, 5"),
    ),
    exceptions={
        (
            "tls-only",
            "aws:lb/listener:Listener::http",
        ): "without a certificate the load balancer is internal: inside the VPC, and reached by nobody else",
        (
            "not-public",
            "aws:lb/loadBalancer:LoadBalancer::*",
        ): "internetFacing is the way in from the internet; it needs a certificate, and is off by default",
    },
)
