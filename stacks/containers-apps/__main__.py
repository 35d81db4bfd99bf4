"""The containers-apps stack: reads the configuration, builds one component per application, exports the outputs."""

from src.app import App, AppArgs
from src.configuration import ContainersAppsConfig
from src.route import url
from src.upstream import Upstream

from cloud_stack import Place, context, export_outputs, load

settings = load(ContainersAppsConfig)
here = context()
upstream = Upstream(settings)
place = Place.of_provider()

apps = {
    name: App(name, AppArgs(context=here, place=place, upstream=upstream, settings=app_settings))
    for name, app_settings in settings.apps.items()
}

export_outputs(
    {
        "serviceNames": {name: app.service_name for name, app in apps.items()},
        "taskDefinitionArns": {name: app.task_definition_arn for name, app in apps.items()},
        "urls": {
            name: url(app, settings.domain_name or upstream.alb_dns_name, upstream.listener_arn)
            for name, app in settings.apps.items()
            if app.is_routed
        },
    }
)
