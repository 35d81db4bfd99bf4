"""The services-ecs stack: reads the configuration, builds the components, exports the outputs."""

from src.cluster import Cluster, ClusterArgs
from src.configuration import ServicesEcsConfig
from src.load_balancer import LoadBalancer, LoadBalancerArgs, present
from src.namespace import create_namespace

from cloud_stack import context, export_outputs, load, reference

settings = load(ServicesEcsConfig)
here = context()
network, security = reference("network"), reference("security")
vpc_id = settings.vpc_id or network["vpcId"]

cluster = Cluster(
    "cluster",
    ClusterArgs(
        context=here,
        settings=settings.cluster,
        execute_command=settings.execute_command,
        kms_key_arn=(settings.kms_key_arn or security["kmsKeyArn"]) if settings.execute_command.enabled else None,
        logs_kms_key_arn=settings.logs_kms_key_arn,
    ),
)

if settings.load_balancer.internet_facing:
    subnet_ids = settings.public_subnet_ids or network["publicSubnetIds"]
else:
    subnet_ids = settings.private_subnet_ids or network["privateSubnetIds"]

load_balancer = LoadBalancer(
    "web",
    LoadBalancerArgs(
        context=here,
        vpc_id=vpc_id,
        subnet_ids=subnet_ids,
        security_group_id=settings.web_security_group_id or security["webSecurityGroupId"],
        # Whether there is one is a switch of this stack: an output of another can't decide it before it is deployed.
        web_acl_arn=(settings.web_acl_arn or security["webAclArn"].apply(present)) if settings.waf else None,
        settings=settings.load_balancer,
        fallback=settings.fallback,
    ),
)

namespace = create_namespace(settings.namespace or f"{here.name(limit=54)}.internal", vpc_id)

export_outputs(
    {
        "clusterArn": cluster.arn,
        "albArn": load_balancer.arn,
        "albDnsName": load_balancer.dns_name,
        "listenerArn": load_balancer.listener_arn,
        "namespaceId": namespace.id,
    }
)
