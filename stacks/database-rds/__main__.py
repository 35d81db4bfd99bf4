"""The database-rds stack: reads the configuration, builds the components, exports the outputs."""

from src.cluster import Cluster
from src.configuration import DatabaseRdsConfig
from src.instance import Instance
from src.settings import DatabaseArgs

from cloud_stack import context, export_outputs, load, reference

settings = load(DatabaseRdsConfig)
here = context()
network, security = reference("network"), reference("security")

args = DatabaseArgs(
    context=here,
    subnet_ids=settings.subnet_ids or network["isolatedSubnetIds"],
    security_group_ids=[settings.data_security_group_id or security["dataSecurityGroupId"]],
    kms_key_arn=settings.kms_key_arn or security["kmsKeyArn"],
    secret_arn=None
    if settings.master_secret == "managed"  # noqa: S105 - who makes it, not what it is
    else settings.secret_arn or reference("secrets")["databaseSecretArn"],
    settings=settings,
)
database = Cluster("database", args) if settings.kind == "aurora" else Instance("database", args)

export_outputs(
    {
        "clusterEndpoint": database.endpoint,
        "readerEndpoint": database.reader_endpoint,
        "port": database.port,
        "databaseName": settings.database_name,
        "secretArn": database.secret_arn,
    }
)
