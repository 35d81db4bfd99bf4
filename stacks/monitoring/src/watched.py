"""What is watched of the other stacks: as much as the configuration names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi

from cloud_stack import NotPreviewableError
from src.configuration import MonitoringConfig
from src.watch import Metric, Watch

GIB = 1024**3


def watched(settings: MonitoringConfig) -> Iterator[Watch]:
    """Stack by stack. Raises ``RunError`` for a service or function that isn't there, and in a preview
    ``NotPreviewableError`` where nobody can say yet which there are.
    """
    yield from _database(settings)
    yield from _load_balancer(settings)
    yield from _services(settings)
    yield from _kubernetes(settings)
    yield from _api(settings)
    yield from _instances(settings)
    yield from _functions(settings)


def _database(settings: MonitoringConfig) -> Iterator[Watch]:
    if settings.database_endpoint is None:
        return
    is_aurora = settings.database_kind == "aurora"
    # RDS names an endpoint after the cluster, or the instance, that it leads to.
    dimension = "DBClusterIdentifier" if is_aurora else "DBInstanceIdentifier"
    identifier = pulumi.Output.from_input(settings.database_endpoint).apply(lambda host: str(host).partition(".")[0])
    dimensions, limits = {dimension: identifier}, settings.thresholds

    def metric(name: str) -> Metric:
        return Metric("AWS/RDS", name, dimensions)

    yield Watch("database-cpu", "Database: CPU in percent", "CPU", metric("CPUUtilization"), limits.cpu_percent)
    if is_aurora:
        yield Watch(
            "database-capacity",
            "Database: capacity in percent of its maximum",
            "capacity",
            metric("ACUUtilization"),
            limits.capacity_percent,
        )
    else:
        yield Watch(
            "database-storage",
            "Database: free storage in bytes",
            "free storage",
            metric("FreeStorageSpace"),
            limits.free_storage_gib * GIB,
            is_minimum=True,
        )


def _load_balancer(settings: MonitoringConfig) -> Iterator[Watch]:
    if settings.alb_arn is None:
        return
    name = pulumi.Output.from_input(settings.alb_arn).apply(lambda arn: str(arn).partition(":loadbalancer/")[2])
    for key, metric, label in (
        ("load-balancer-errors", "HTTPCode_ELB_5XX_Count", "its own"),
        ("load-balancer-target-errors", "HTTPCode_Target_5XX_Count", "of its targets"),
    ):
        yield Watch(
            key,
            "Load balancer: answers of 500 and more",
            label,
            Metric("AWS/ApplicationELB", metric, {"LoadBalancer": name}, "Sum"),
            settings.thresholds.load_balancer_errors,
            is_failure=True,
        )


def _services(settings: MonitoringConfig) -> Iterator[Watch]:
    names = _names(settings.service_names, settings.services, "serviceNames", "services", "containers-apps")
    if settings.cluster_arn is None:
        return
    cluster = pulumi.Output.from_input(settings.cluster_arn).apply(lambda arn: str(arn).rpartition("/")[2])
    limits = settings.thresholds
    for app in names:
        dimensions = {"ClusterName": cluster, "ServiceName": _entry(settings.service_names, app, "serviceNames")}
        for kind, metric, threshold in (
            ("cpu", "CPUUtilization", limits.cpu_percent),
            ("memory", "MemoryUtilization", limits.memory_percent),
        ):
            title = "CPU" if kind == "cpu" else "memory"
            yield Watch(
                f"service-{app}-{kind}",
                f"Services: {title} in percent",
                app,
                Metric("AWS/ECS", metric, dimensions),
                threshold,
            )


def _kubernetes(settings: MonitoringConfig) -> Iterator[Watch]:
    if settings.eks_cluster_name is None:
        return
    dimensions = {"ClusterName": settings.eks_cluster_name}
    yield Watch(
        "kubernetes-api-errors",
        "Kubernetes: answers of 500 and more of its API",
        "answers",
        Metric("AWS/EKS", "apiserver_request_total_5XX", dimensions, "Sum"),
        settings.thresholds.kubernetes_api_errors,
        is_failure=True,
    )
    yield Watch(
        "kubernetes-pending-pods",
        "Kubernetes: pods without a place",
        "pods",
        Metric("AWS/EKS", "scheduler_pending_pods_UNSCHEDULABLE", dimensions, "Maximum"),
        settings.thresholds.pending_pods,
    )


def _api(settings: MonitoringConfig) -> Iterator[Watch]:
    if settings.api_id is None:
        return
    dimensions, limits = {"ApiId": settings.api_id}, settings.thresholds
    yield Watch(
        "api-errors",
        "API: answers of 500 and more, in percent of all",
        "errors",
        Metric("AWS/ApiGateway", "5xx", dimensions, "Sum"),
        limits.api_error_percent,
        of=Metric("AWS/ApiGateway", "Count", dimensions, "Sum"),
    )
    yield Watch(
        "api-latency",
        "API: milliseconds that 95 of 100 answers take at most",
        "latency",
        Metric("AWS/ApiGateway", "Latency", dimensions, "p95"),
        limits.api_latency_ms,
    )


def _instances(settings: MonitoringConfig) -> Iterator[Watch]:
    if settings.asg_name is None:
        return
    dimensions = {"AutoScalingGroupName": settings.asg_name}
    yield Watch(
        "instances-cpu",
        "Instances: CPU in percent",
        "CPU",
        Metric("AWS/EC2", "CPUUtilization", dimensions),
        settings.thresholds.cpu_percent,
    )
    yield Watch(
        "instances-status",
        "Instances: failed status checks",
        "failed",
        Metric("AWS/EC2", "StatusCheckFailed", dimensions, "Maximum"),
        1,
    )


def _functions(settings: MonitoringConfig) -> Iterator[Watch]:
    names = _names(settings.function_names, settings.functions, "functionNames", "functions", "compute-lambda")
    limits = settings.thresholds
    for purpose in names:
        dimensions = {"FunctionName": _entry(settings.function_names, purpose, "functionNames")}
        for kind, metric, threshold in (
            ("errors", "Errors", limits.function_errors),
            ("throttles", "Throttles", limits.function_throttles),
        ):
            yield Watch(
                f"function-{purpose}-{kind}",
                f"Functions: {kind}",
                purpose,
                Metric("AWS/Lambda", metric, dimensions, "Sum"),
                threshold,
                is_failure=True,
            )
        if settings.dlq_arns is not None:
            queue = _entry(settings.dlq_arns, purpose, "dlqArns").apply(lambda arn: arn.rpartition(":")[2])
            yield Watch(
                f"function-{purpose}-dead-letters",
                "Functions: dead letters",
                purpose,
                Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue}, "Maximum"),
                limits.dead_letters,
                is_failure=True,
            )


def _names(given: Any, listed: Sequence[str], key: str, listing_key: str, stack: str) -> Sequence[str]:
    """The keys of a map that may be unknown in a preview: then only a list can say them."""
    if given is None:
        return ()
    if listed:
        return listed
    if isinstance(given, pulumi.Output):
        raise NotPreviewableError(
            f"not previewable until {stack} is deployed: only then is it known what is in {key}; "
            f"list it under {listing_key} to know it before"
        )
    return sorted(given)


def _entry(given: Any, name: str, key: str) -> pulumi.Output[str]:
    def pick(entries: Mapping[str, Any]) -> str:
        if name not in entries:
            known = ", ".join(sorted(entries)) or "none"
            raise pulumi.RunError(f"{key} has no '{name}'; it has {known}")
        return str(entries[name])

    found: pulumi.Output[str] = pulumi.Output.from_input(given).apply(pick)
    return found
