"""The storefront: a queue for orders, and what the shop's pages have to know."""

from pulumi_aws import ssm
from src.configuration import StorefrontConfig
from src.orders import OrderQueue

from cloud_stack import context, export_outputs, load

settings = load(StorefrontConfig)
here = context()
orders = OrderQueue("orders", here.name("orders"), settings.kms_key_arn)

prefix = f"/{here.project}/{here.environment}/storefront"
known_to_pages = {
    "api": settings.api_endpoint,
    "issuer": settings.issuer,
    "user-pool": settings.user_pool_id,
    "balancer": settings.balancer,
}
parameters = {
    name: ssm.Parameter(name, name=f"{prefix}/{name}", type="String", value=value)
    for name, value in known_to_pages.items()
}

export_outputs(
    {
        "queueUrl": orders.url,
        "parameterNames": {name: parameter.name for name, parameter in parameters.items()},
    }
)
