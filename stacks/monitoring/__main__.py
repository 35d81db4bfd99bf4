"""The monitoring stack: reads the configuration, builds the components, exports the outputs."""

import pulumi
from src.alarms import Alarms, AlarmsArgs
from src.budget import create_budget
from src.canary import Canary, CanaryArgs
from src.configuration import MonitoringConfig
from src.dashboard import DashboardArgs, create_dashboard
from src.key import create_key
from src.log_filters import create_log_filters
from src.topic import Topic, TopicArgs
from src.watched import watched

from cloud_stack import Limit, Place, context, export_outputs, load

settings = load(MonitoringConfig)
here = context()
place = Place.of_provider()

publishers = {"cloudwatch": place.arn("cloudwatch", "alarm:*")}
if settings.budget.enabled:
    publishers["budgets"] = place.global_arn("budgets", "*")

kms_key_arn = settings.kms_key_arn or create_key(here, place, list(publishers)).arn
topic = Topic(
    "alarms",
    TopicArgs(
        topic=here.name("alarms", limit=Limit.TOPIC),
        account=place.account,
        kms_key_arn=kms_key_arn,
        publishers=publishers,
        emails=settings.emails,
    ),
)

watches = [*watched(settings), *create_log_filters(here, settings.log_filters)]
if settings.canary.enabled:
    canary = Canary(
        "heartbeat",
        CanaryArgs(
            context=here,
            place=place,
            kms_key_arn=kms_key_arn,
            success_percent=settings.thresholds.canary_success_percent,
            settings=settings.canary,
        ),
    )
    watches.append(canary.watch)

alarms = Alarms(
    "alarms",
    AlarmsArgs(context=here, topic_arn=topic.arn, watches=watches, muted=settings.muted, settings=settings.thresholds),
)

dashboard = None
if settings.dashboard:
    where = pulumi.Output.concat(" in ", settings.vpc_id) if settings.vpc_id else ""
    dashboard = create_dashboard(
        DashboardArgs(
            dashboard=here.name(limit=Limit.DASHBOARD),
            heading=pulumi.Output.concat(f"# {here.project} {here.environment}\nDeployment {here.deployment}", where),
            region=place.region,
            period_seconds=settings.thresholds.period_seconds,
            watches=watches,
            alarm_arns=list(alarms.arns.values()),
        )
    )

if settings.budget.enabled:
    create_budget(here, topic.arn, settings.budget)

export_outputs(
    {
        "topicArn": topic.arn,
        "dashboardName": dashboard.dashboard_name if dashboard else "",
        "alarmArns": alarms.arns,
    }
)
