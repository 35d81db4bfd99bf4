"""What the emulated AWS (moto 5.2.5) doesn't have, of what the table asks for.

A gap is named here and nowhere else: an emulator that fails in another way is an error, not a gap. A contract test
fails when moto has learned one of these operations, so that the list can only shrink.
"""

from __future__ import annotations

from typing import Final

OPERATIONS: Final[dict[str, frozenset[str]]] = {
    "accessanalyzer": frozenset(
        {"create_analyzer", "get_analyzer", "update_analyzer", "delete_analyzer", "tag_resource", "untag_resource"}
    ),
    "acm": frozenset({"update_certificate_options"}),
    "apigatewayv2": frozenset({"update_domain_name", "update_api_mapping"}),
    "application-autoscaling": frozenset({"list_tags_for_resource", "tag_resource", "untag_resource"}),
    "autoscaling": frozenset({"disable_metrics_collection", "start_instance_refresh"}),
    "backup": frozenset(
        {"create_backup_selection", "get_backup_selection", "delete_backup_selection", "update_backup_plan"}
    ),
    "cognito-idp": frozenset({"list_tags_for_resource", "tag_resource", "untag_resource"}),
    "cognito-identity": frozenset({"set_identity_pool_roles", "get_identity_pool_roles"}),
    "codebuild": frozenset({"update_project_visibility"}),
    "ec2": frozenset({"create_ipam", "create_ipam_pool", "provision_ipam_pool_cidr"}),
    "efs": frozenset({"put_backup_policy", "update_file_system", "delete_file_system_policy"}),
    "eks": frozenset(
        {
            *("create_addon", "describe_addon", "update_addon", "delete_addon"),
            *("create_access_entry", "describe_access_entry", "update_access_entry", "delete_access_entry"),
            *("associate_access_policy", "disassociate_access_policy", "list_associated_access_policies"),
            *("associate_encryption_config", "update_cluster_version", "update_nodegroup_version"),
        }
    ),
    "events": frozenset({"update_event_bus"}),
    "iam": frozenset({"add_client_id_to_open_id_connect_provider", "remove_client_id_from_open_id_connect_provider"}),
    "logs": frozenset({"associate_kms_key", "disassociate_kms_key"}),
}


def is_gap(service: str, operation: str) -> bool:
    """Whether the emulator is known not to have an operation."""
    return operation in OPERATIONS.get(service, ())
