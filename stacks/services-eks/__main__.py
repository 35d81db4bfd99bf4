"""The services-eks stack: reads the configuration, builds the components, exports the outputs."""

from src.access import Access, AccessArgs
from src.addons import Addons, AddonsArgs
from src.cluster import Cluster, ClusterArgs
from src.configuration import ServicesEksConfig
from src.fargate import Fargate, FargateArgs
from src.nodes import Nodes, NodesArgs

from cloud_stack import context, export_outputs, load, reference

settings = load(ServicesEksConfig)
here = context()
network, security = reference("network"), reference("security")
kms_key_arn = settings.kms_key_arn or security["kmsKeyArn"]
subnet_ids = settings.subnet_ids or network["privateSubnetIds"]
app_security_group_id = settings.app_security_group_id or security["appSecurityGroupId"]

cluster = Cluster(
    "cluster",
    ClusterArgs(
        context=here,
        kms_key_arn=kms_key_arn,
        subnet_ids=subnet_ids,
        client_security_group_id=app_security_group_id,
        settings=settings,
    ),
)

capacity = []
if settings.fargate.namespaces:
    capacity.append(
        Fargate(
            "fargate",
            FargateArgs(
                context=here,
                cluster_name=cluster.name,
                subnet_ids=subnet_ids,
                namespaces=settings.fargate.namespaces,
            ),
        )
    )
if settings.nodes.enabled:
    capacity.append(
        Nodes(
            "nodes",
            NodesArgs(
                context=here,
                cluster_name=cluster.name,
                kubernetes_version=settings.kubernetes_version,
                kms_key_arn=kms_key_arn,
                subnet_ids=subnet_ids,
                security_group_ids=[cluster.security_group_id, app_security_group_id],
                settings=settings.nodes,
            ),
        )
    )

if settings.access:
    Access("access", AccessArgs(cluster_name=cluster.name, entries=settings.access))

if settings.addons:
    Addons(
        "addons",
        AddonsArgs(
            cluster_name=cluster.name,
            addons=settings.addons,
            on_fargate_alone=not settings.nodes.enabled,
            capacity=capacity,
        ),
    )

export_outputs(
    {
        "clusterName": cluster.name,
        "clusterEndpoint": cluster.endpoint,
        "oidcProviderArn": cluster.oidc_provider_arn,
    }
)
