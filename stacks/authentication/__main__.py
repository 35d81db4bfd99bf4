"""The authentication stack: reads the configuration, builds the components, exports the outputs."""

from src.clients import Client, ClientArgs
from src.configuration import AuthenticationConfig
from src.identity_pool import IdentityPool, IdentityPoolArgs
from src.user_pool import UserPool, UserPoolArgs

from cloud_stack import Limit, context, export_outputs, load, reference

settings = load(AuthenticationConfig)
here = context()
security = reference("security")

web_acl_arn = (settings.waf.web_acl_arn or security["webAclArn"]) if settings.waf.enabled else None
domain = settings.hosted_sign_in.prefix or here.global_name("sign-in", limit=Limit.USER_POOL_DOMAIN)

pool = UserPool(
    "users",
    UserPoolArgs(
        name=here.name("users", limit=Limit.USER_POOL),
        domain=domain if settings.hosted_sign_in.enabled else None,
        web_acl_arn=web_acl_arn,
        settings=settings,
    ),
)

clients = {
    name: Client(
        name,
        ClientArgs(
            context=here,
            user_pool_id=pool.id,
            kms_key_arn=(settings.kms_key_arn or security["kmsKeyArn"]) if client.confidential else None,
            settings=client,
        ),
    )
    for name, client in settings.clients.items()
}

if settings.identity_pool.enabled:
    IdentityPool(
        "identities",
        IdentityPoolArgs(
            context=here,
            provider=pool.endpoint,
            client_ids=[client.id for client in clients.values()],
            settings=settings.identity_pool,
        ),
    )

export_outputs(
    {
        "userPoolId": pool.id,
        "userPoolArn": pool.arn,
        "clientIds": {name: client.id for name, client in clients.items()},
        "issuer": pool.endpoint.apply("https://{}".format),
    }
)
