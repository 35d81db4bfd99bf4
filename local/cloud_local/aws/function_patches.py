"""What moto's Lambda needs; see moto_patches.py for the rules that patches keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def functions_keep_what_they_are_told() -> None:
    """moto forgets a function's DeadLetterConfig, and what an update says of architecture, storage, key and tracing."""
    from moto.awslambda.models import LambdaFunction

    initialise, told = LambdaFunction.__init__, LambdaFunction.get_configuration
    configure, load = LambdaFunction.update_configuration, LambdaFunction.update_function_code

    def init(self: Any, account_id: str, spec: dict[str, Any], *arguments: Any, **named: Any) -> None:
        self.dead_letter_config = spec.get("DeadLetterConfig")
        initialise(self, account_id, spec, *arguments, **named)

    def get_configuration(self: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        configuration: dict[str, Any] = told(self, *arguments, **named)
        if (self.dead_letter_config or {}).get("TargetArn"):
            configuration["DeadLetterConfig"] = self.dead_letter_config
        return configuration

    def update_configuration(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        self.dead_letter_config = config_updates.get("DeadLetterConfig", self.dead_letter_config)
        self.tracing_config = config_updates.get("TracingConfig", self.tracing_config)
        self.kms_key_arn = config_updates.get("KMSKeyArn", self.kms_key_arn)
        self.ephemeral_storage = config_updates.get("EphemeralStorage", {}).get("Size", self.ephemeral_storage)
        updated: dict[str, Any] = configure(self, config_updates)
        return updated

    def update_function_code(self: Any, updated_spec: dict[str, Any]) -> dict[str, Any]:
        self.architectures = updated_spec.get("Architectures", self.architectures)
        updated: dict[str, Any] = load(self, updated_spec)
        return updated

    LambdaFunction.__init__ = init
    LambdaFunction.get_configuration = get_configuration
    LambdaFunction.update_configuration = update_configuration
    LambdaFunction.update_function_code = update_function_code


def a_function_has_one_configuration_of_asynchronous_calls() -> None:
    """moto keeps every configuration of a function's asynchronous calls that it is given, and tells of the first."""
    from moto.awslambda.models import LambdaBackend

    original = LambdaBackend.put_function_event_invoke_config

    def put_function_event_invoke_config(self: Any, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
        put: dict[str, Any] = original(self, function_name, config)
        configurations = self.get_function(function_name).event_invoke_config
        del configurations[:-1]
        return put

    LambdaBackend.put_function_event_invoke_config = put_function_event_invoke_config


FUNCTION_PATCHES: tuple[Callable[[], None], ...] = (
    functions_keep_what_they_are_told,
    a_function_has_one_configuration_of_asynchronous_calls,
)
