"""What is tried with the stack network."""

from __future__ import annotations

from tests.stacks.case import StackCase

CASE = StackCase(
    production={
        "azCount": 3,
        "nat": "per-az",
        "flowLogs": "all",
        "flowLogRetentionDays": 365,
        "interfaceEndpoints": ["ecr.api", "ecr.dkr"],
    },
    change={"flowLogRetentionDays": 30},
    replace={"cidr": "10.64.0.0/16"},
    accepted=(
        {"cidr": "10.0.0.0/16", "azCount": 1},
        {"cidr": "192.168.254.0/23", "azCount": 6},
        {"ipamPoolId": "ipam-pool-0a1b", "ipamNetmaskLength": 23},
        {"availabilityZones": ["eu-west-1a", "us-gov-west-1b"], "nat": "per-az", "flowLogs": "all"},
        {"gatewayEndpoints": [], "interfaceEndpoints": ["ecr.api"], "flowLogRetentionDays": 3653},
    ),
    refused=(
        ({"cidr": "10.0.0.0/15"}, "p:cidr: expected a prefix of /16 to /23"),
        ({"cidr": "10.0.0.0/24"}, "p:cidr: expected a prefix of /16 to /23"),
        ({"cidr": "10.0.0.1/16"}, "p:cidr: expected the address of a network, such as 10.0.0.0/16"),
        ({"cidr": "fd00::/16"}, "p:cidr: expected an IPv4 network such as 10.0.0.0/16"),
        ({"azCount": 0}, "p:azCount: Input should be greater than or equal to 1 (got 0)"),
        ({"azCount": 7}, "p:azCount: Input should be less than or equal to 6 (got 7)"),
        ({"nat": "two"}, "p:nat: Input should be 'none', 'one' or 'per-az'"),
        ({"cidr": "10.0.0.0/16", "ipamPoolId": "ipam-pool-1"}, "cidr and ipamPoolId exclude each other"),
        ({"azCount": 3, "availabilityZones": ["eu-west-1a"]}, "azCount is 3, but availabilityZones names 1"),
        ({"availabilityZones": ["eu-west-1a"] * 2}, "availabilityZones names something twice"),
        ({"availabilityZones": ["Zone A"]}, "p:availabilityZones.0: String should match pattern"),
        ({"flowLogRetentionDays": 31}, "p:flowLogRetentionDays: Input should be 1, 3, 5"),
        ({"gatewayEndpoints": ["ec2"]}, "p:gatewayEndpoints.0: Input should be 's3' or 'dynamodb'"),
    ),
)
