"""The services-api stack: reads the configuration, builds the components, exports the outputs."""

import pulumi
from src.api import HttpApi, HttpApiArgs
from src.authorizer import AuthorizerArgs
from src.configuration import ServicesApiConfig
from src.domain import CustomDomain, CustomDomainArgs

from cloud_stack import Limit, context, export_outputs, load, reference

settings = load(ServicesApiConfig)
here = context()
authentication, functions, dns = reference("authentication"), reference("compute-lambda"), reference("dns")

authorizer = None
if any(route.authorize for route in settings.routes.values()):
    authorizer = AuthorizerArgs(
        issuer=settings.issuer or authentication["issuer"],
        client_ids=authentication["clientIds"] if settings.client_ids is None else settings.client_ids,
        clients=settings.clients,
    )

api = HttpApi(
    "api",
    HttpApiArgs(
        name=here.name("api", limit=Limit.API),
        authorizer=authorizer,
        function_arns=functions["functionArns"] if settings.function_arns is None else settings.function_arns,
        function_names=functions["functionNames"] if settings.function_names is None else settings.function_names,
        settings=settings,
    ),
)

domain = None
if settings.custom_domain.enabled:
    custom = settings.custom_domain
    domain = CustomDomain(
        "domain",
        CustomDomainArgs(
            name=custom.name or pulumi.Output.concat(custom.prefix, ".", custom.zone_name or dns["zoneName"]),
            zone_id=custom.zone_id or dns["zoneId"],
            certificate_arn=custom.certificate_arn or dns["certificateArn"],
            api_id=api.id,
            stage=api.stage,
        ),
    )

export_outputs(
    {
        "apiId": api.id,
        "apiEndpoint": api.endpoint,
        "customDomain": domain.name if domain else "",
    }
)
