"""What moto's RDS needs; see moto_patches.py for the rules that patches keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def instances_keep_what_they_are_told() -> None:
    """moto forgets an instance's Performance Insights, and ignores the port that a change gives it."""
    from moto.rds.models import RDSBackend

    create, modify = RDSBackend.create_db_instance, RDSBackend.modify_db_instance

    def create_db_instance(self: Any, db_kwargs: Mapping[str, Any]) -> Any:
        instance = create(self, db_kwargs)
        _note_insights(instance, dict(**db_kwargs))
        return instance

    def modify_db_instance(self: Any, db_instance_identifier: str, db_kwargs: Mapping[str, Any]) -> Any:
        instance, given = modify(self, db_instance_identifier, db_kwargs), dict(**db_kwargs)
        _note_insights(instance, given)
        if port := given.get("db_port_number"):
            instance.port = port
        return instance

    RDSBackend.create_db_instance = create_db_instance
    RDSBackend.modify_db_instance = modify_db_instance


def _note_insights(instance: Any, given: Mapping[str, Any]) -> None:
    enabled = given.get("enable_performance_insights", getattr(instance, "performance_insights_enabled", False))
    instance.performance_insights_enabled = bool(enabled)
    key, days = "performance_insights_kms_key_id", "performance_insights_retention_period"
    wanted = {key: given.get(key), days: given.get(days)} if enabled else {}
    setattr(instance, key, wanted.get(key) or (getattr(instance, key, None) if enabled else None))
    setattr(instance, days, wanted.get(days) or (getattr(instance, days, None) or 7 if enabled else None))


def clusters_change_their_log_exports() -> None:
    """moto looks for a change of a cluster's log exports under the name that only a creation has for them."""
    from moto.rds.models import RDSBackend

    original = RDSBackend.modify_db_cluster

    def modify_db_cluster(self: Any, kwargs: Any) -> Any:
        cluster, exports = (
            self.clusters[kwargs["db_cluster_identifier"]],
            kwargs.get("cloudwatch_logs_export_configuration"),
        )
        told = original(self, kwargs)
        changed = dict(**exports) if exports else {}
        kept = set(cluster.enabled_cloudwatch_logs_exports) - set(changed.get("disable_log_types") or ())
        cluster.enabled_cloudwatch_logs_exports = sorted(kept | set(changed.get("enable_log_types") or ()))
        return told

    RDSBackend.modify_db_cluster = modify_db_cluster


RDS_PATCHES: tuple[Callable[[], None], ...] = (instances_keep_what_they_are_told, clusters_change_their_log_exports)
