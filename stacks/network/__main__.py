"""The network stack: reads the configuration, builds the components, exports the outputs."""

from src.configuration import NetworkConfig
from src.endpoints import Endpoints, EndpointsArgs
from src.flow_logs import FlowLogs, FlowLogsArgs
from src.vpc import Network, NetworkArgs
from src.zones import availability_zones

from cloud_stack import context, export_outputs, load

settings = load(NetworkConfig)
prefix = context().name("network")

network = Network(
    "network",
    NetworkArgs(
        prefix=prefix,
        cidr=str(settings.cidr),
        ipam_pool_id=settings.ipam_pool_id,
        ipam_netmask_length=settings.ipam_netmask_length,
        availability_zones=settings.availability_zones or availability_zones(settings.az_count),
        nat=settings.nat,
        public_ip_on_launch=settings.public_ip_on_launch,
    ),
)

if settings.gateway_endpoints or settings.interface_endpoints:
    Endpoints(
        "endpoints",
        EndpointsArgs(
            prefix=prefix,
            vpc_id=network.vpc_id,
            cidr=network.cidr,
            gateway_services=settings.gateway_endpoints,
            interface_services=settings.interface_endpoints,
            route_table_ids=network.route_table_ids,
            subnet_ids=network.private_subnet_ids,
        ),
    )

if settings.flow_logs != "none":
    FlowLogs(
        "flow-logs",
        FlowLogsArgs(
            prefix=prefix,
            vpc_id=network.vpc_id,
            traffic=settings.flow_logs,
            retention_days=settings.flow_log_retention_days,
        ),
    )

export_outputs(
    {
        "vpcId": network.vpc_id,
        "cidr": network.cidr,
        "publicSubnetIds": network.public_subnet_ids,
        "privateSubnetIds": network.private_subnet_ids,
        "isolatedSubnetIds": network.isolated_subnet_ids,
        "availabilityZones": network.availability_zones,
    }
)
