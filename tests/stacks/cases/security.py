"""What is tried with the stack security."""

from __future__ import annotations

from tests.stacks.case import StackCase

CASE = StackCase(
    needs=("network",),
    stand_in=lambda outputs: {"vpcId": outputs["network"]["vpcId"], "vpcCidr": outputs["network"]["cidr"]},
    production={
        "kmsPurposes": ["data", "logs"],
        "kmsDeletionWindowDays": 30,
        "dataPorts": [5432, 6379],
        "waf": {"enabled": True},
        "cloudtrail": {"enabled": True, "retentionDays": 365},
        "accessAnalyzer": True,
    },
    change={"kmsDeletionWindowDays": 14},
    never_replaced="purposes come and go, everything else is changed in place; only another VPC replaces the groups",
    accepted=(
        {"kmsDeletionWindowDays": 30, "appPort": 65535, "dataPorts": [1, 65535]},
        {"webPorts": [443], "webCidrs": ["10.0.0.0/8"], "vpcId": "vpc-0a1b", "vpcCidr": "10.0.0.0/16"},
        {"webCidrs": []},
        {"waf": {"enabled": True, "rateLimit": 10}, "cloudtrail": {"enabled": True, "retention_days": 1}},
    ),
    refused=(
        ({"kmsDeletionWindowDays": 6}, "p:kmsDeletionWindowDays"),
        ({"kmsPurposes": []}, "p:kmsPurposes: List should have at least 1 item"),
        ({"kmsPurposes": ["Data Key"]}, "p:kmsPurposes.0: String should match pattern"),
        ({"kmsPurposes": ["data", "data"]}, "kmsPurposes names something twice"),
        ({"webPorts": [22]}, "p:webPorts.0: Input should be 80 or 443 (got 22)"),
        ({"appPort": 0}, "p:appPort: Input should be greater than or equal to 1 (got 0)"),
        ({"dataPorts": [65536]}, "p:dataPorts.0: Input should be less than or equal to 65535"),
        ({"vpcId": "subnet-1"}, "p:vpcId: String should match pattern"),
        ({"waf": {"rateLimit": 9}}, "p:waf.rateLimit: Input should be greater than or equal to 10 (got 9)"),
        ({"waf": {"enable": True}}, "p:waf.enable: unknown key; did you mean 'enabled'?"),
        ({"cloudtrail": True}, "p:cloudtrail: Input should be a valid dictionary"),
    ),
)
