"""The security stack: reads the configuration, builds the components, exports the outputs."""

from src.access_analyzer import create_access_analyzer
from src.configuration import SecurityConfig
from src.keys import Keys, KeysArgs
from src.security_groups import SecurityGroups, SecurityGroupsArgs
from src.trail import Trail, TrailArgs
from src.web_acl import create_web_acl

from cloud_stack import context, export_outputs, load, reference

settings = load(SecurityConfig)
here = context()
network = reference("network")
vpc_id = settings.vpc_id or network["vpcId"]

keys = Keys(
    "keys",
    KeysArgs(context=here, purposes=settings.kms_purposes, deletion_window_days=settings.kms_deletion_window_days),
)

groups = SecurityGroups(
    "security-groups",
    SecurityGroupsArgs(
        prefix=here.name(),
        vpc_id=vpc_id,
        web_ports=settings.web_ports,
        web_cidrs=[str(cidr) for cidr in settings.web_cidrs],
        app_port=settings.app_port,
        data_ports=settings.data_ports,
        app_egress_cidrs={str(cidr): str(cidr) for cidr in settings.app_egress_cidrs}
        or {"vpc": settings.vpc_cidr or network["cidr"]},
        app_egress_prefix_list_ids=settings.app_egress_prefix_list_ids,
    ),
)

web_acl = create_web_acl(here.name("web"), settings.waf) if settings.waf.enabled else None

if settings.cloudtrail.enabled:
    Trail("trail", TrailArgs(context=here, settings=settings.cloudtrail))

if settings.access_analyzer:
    create_access_analyzer(here)

export_outputs(
    {
        "kmsKeyArn": keys.default_key_arn,
        "webSecurityGroupId": groups.web_id,
        "appSecurityGroupId": groups.app_id,
        "dataSecurityGroupId": groups.data_id,
        "webAclArn": web_acl.arn if web_acl else "",
    }
)
