"""What moto needs of launch templates and auto scaling groups to be what AWS tells of them; see moto_patches.py."""

from __future__ import annotations

from typing import Any


def launch_templates_keep_their_tags_to_themselves() -> None:
    """moto writes a launch template's own tags among those of what is launched, and doesn't tell changes of its own."""
    from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateBackend

    original = LaunchTemplateBackend.create_launch_template

    def create_launch_template(
        self: Any, name: str, description: str, template_data: dict[str, Any], tag_spec: dict[str, Any]
    ) -> Any:
        data = dict(template_data)
        launched = [tags for tags in data.get("TagSpecifications", ()) if tags["ResourceType"] != "launch-template"]
        if launched:
            data["TagSpecifications"] = launched
        else:
            data.pop("TagSpecifications", None)
        return original(self, name, description, data, tag_spec)

    LaunchTemplateBackend.create_launch_template = create_launch_template

    def forget(_self: Any, _value: Any) -> None:
        """What moto noted once."""

    LaunchTemplate.tags = property(lambda self: self.get_tags(), forget)


def later_versions_launch_with_their_user_data() -> None:
    """moto checks and decodes the user data of a launch template's first version only, and fails to launch a later one."""
    from moto.ec2.models.launch_templates import LaunchTemplate
    from moto.ec2.utils import parse_user_data

    original = LaunchTemplate.create_version

    def create_version(self: Any, data: dict[str, Any], description: str) -> Any:
        if isinstance(data.get("UserData"), str):
            data = {**data, "UserData": parse_user_data(data["UserData"])}
        return original(self, data, description)

    LaunchTemplate.create_version = create_version


def scaling_policies_can_be_off() -> None:
    """moto drops whether a scaling policy is enabled."""
    from moto.autoscaling.responses import AutoScalingResponse

    original = AutoScalingResponse.put_scaling_policy

    def put_scaling_policy(self: Any) -> Any:
        answer = original(self)
        policy = self.autoscaling_backend.policies[self._get_param("PolicyName")]
        policy.enabled = self._get_bool_param("Enabled", True)
        return answer

    AutoScalingResponse.put_scaling_policy = put_scaling_policy


LAUNCH_TEMPLATE_PATCHES = (launch_templates_keep_their_tags_to_themselves, later_versions_launch_with_their_user_data)
AUTO_SCALING_PATCHES = (scaling_policies_can_be_off,)
