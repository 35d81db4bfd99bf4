"""The manifest: which stacks a deployment has, how they depend on each other, and where they go.

These are the platform's own, immutable terms. ``manifest_parsing`` makes them of a file, and checks everything;
``to_dict`` and ``from_dict`` keep a checked manifest as JSON, so that a handler needs neither YAML nor pydantic. The JSON
form is the manifest's own grammar with what equals its default left out: written to a file it is a manifest again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cloud.domain.durations import format_duration, parse_duration
from cloud.domain.errors import NotFound
from cloud.domain.operations import OnFailure
from cloud.domain.suggestions import did_you_mean

Config = Mapping[str, Any]
"""Configuration as written: JSON values, with placeholders as text and secrets as ``{secret: …}``."""

Tags = Mapping[str, str]

Executor = Literal["auto", "lambda", "codebuild"]

DEFAULT_TIMEOUT_SECONDS = 30 * 60
DEFAULT_MAX_AGE_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Deployment:
    id: str
    org: str
    project: str
    description: str = ""
    tags: Tags = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return _compact(
            id=self.id, org=self.org, project=self.project, description=self.description, tags=dict(self.tags)
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Deployment:
        return cls(
            data.get("id", ""),
            data.get("org", ""),
            data.get("project", ""),
            data.get("description", ""),
            dict(data.get("tags", {})),
        )


@dataclass(frozen=True, slots=True)
class Environment:
    """``account`` (12 digits) and ``region`` are empty only while it is disabled; ``role_arn`` is what the provider assumes.

    ``developers`` says whether developers may destroy, roll back and approve here.
    """

    enabled: bool = True
    account: str = ""
    region: str = ""
    role_arn: str = ""
    config: Config = field(default_factory=dict)
    tags: Tags = field(default_factory=dict)
    developers: Literal["allow", "deny"] = "deny"
    approval: Literal["none", "required"] = "none"

    def to_dict(self) -> dict[str, Any]:
        return _compact(
            enabled=None if self.enabled else False,
            account=self.account,
            region=self.region,
            role_arn=self.role_arn,
            config=dict(self.config),
            tags=dict(self.tags),
            developers="" if self.developers == "deny" else self.developers,
            approval="" if self.approval == "none" else self.approval,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Environment:
        return cls(
            enabled=data.get("enabled", True),
            account=data.get("account", ""),
            region=data.get("region", ""),
            role_arn=data.get("role_arn", ""),
            config=dict(data.get("config", {})),
            tags=dict(data.get("tags", {})),
            developers=data.get("developers", "deny"),
            approval=data.get("approval", "none"),
        )


@dataclass(frozen=True, slots=True)
class StackEnvironment:
    """What is different about a stack in one environment; None is what the stack itself says."""

    enabled: bool | None = None
    config: Config = field(default_factory=dict)
    tags: Tags = field(default_factory=dict)
    executor: Executor | None = None
    timeout_seconds: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return _compact(
            enabled=self.enabled,
            config=dict(self.config),
            tags=dict(self.tags),
            executor=self.executor,
            timeout=None if self.timeout_seconds is None else format_duration(self.timeout_seconds),
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StackEnvironment:
        return cls(
            enabled=data.get("enabled"),
            config=dict(data.get("config", {})),
            tags=dict(data.get("tags", {})),
            executor=data.get("executor"),
            timeout_seconds=parse_duration(data["timeout"]) if "timeout" in data else None,
        )


_UNCHANGED = StackEnvironment()


@dataclass(frozen=True, slots=True)
class Stack:
    """One Pulumi project of the deployment.

    ``source`` is its folder, relative, with slashes. ``layer`` is what the user says it is (already checked) or None.
    ``fingerprint`` False runs Pulumi every time; ``max_age_seconds`` bounds how long a stack counts as unchanged.
    ``include`` are further folders that its program reads; they are packed with it under the paths that they have here.
    """

    source: str
    dependencies: tuple[str, ...] = ()
    optional_dependencies: tuple[str, ...] = ()
    layer: int | None = None
    enabled: bool = True
    tags: Tags = field(default_factory=dict)
    executor: Executor = "auto"
    timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS
    config: Config = field(default_factory=dict)
    environments: Mapping[str, StackEnvironment] = field(default_factory=dict)
    fingerprint: bool = True
    max_age_seconds: int = DEFAULT_MAX_AGE_SECONDS
    include: tuple[str, ...] = ()

    def in_environment(self, environment: str) -> StackEnvironment:
        return self.environments.get(environment, _UNCHANGED)

    def to_dict(self, name: str) -> dict[str, Any]:
        timeout, max_age = self.timeout_seconds, self.max_age_seconds
        return _compact(
            source="" if self.source == default_source(name) else self.source,
            dependencies=list(self.dependencies),
            optional_dependencies=list(self.optional_dependencies),
            layer=self.layer,
            enabled=None if self.enabled else False,
            tags=dict(self.tags),
            executor="" if self.executor == "auto" else self.executor,
            timeout="" if timeout == DEFAULT_TIMEOUT_SECONDS else format_duration(timeout),
            config=dict(self.config),
            environments={key: item.to_dict() for key, item in self.environments.items()},
            fingerprint="" if self.fingerprint else "off",
            max_age="" if max_age == DEFAULT_MAX_AGE_SECONDS else format_duration(max_age),
            include=list(self.include),
        )

    @classmethod
    def from_dict(cls, name: str, data: Mapping[str, Any]) -> Stack:
        return cls(
            source=normal_folder(data.get("source") or default_source(name)),
            dependencies=tuple(data.get("dependencies", ())),
            optional_dependencies=tuple(data.get("optional_dependencies", ())),
            layer=data.get("layer"),
            enabled=data.get("enabled", True),
            tags=dict(data.get("tags", {})),
            executor=data.get("executor", "auto"),
            timeout_seconds=parse_duration(data["timeout"]) if "timeout" in data else DEFAULT_TIMEOUT_SECONDS,
            config=dict(data.get("config", {})),
            environments={key: StackEnvironment.from_dict(item) for key, item in data.get("environments", {}).items()},
            fingerprint=data.get("fingerprint", "on") == "on",
            max_age_seconds=parse_duration(data["max_age"]) if "max_age" in data else DEFAULT_MAX_AGE_SECONDS,
            include=tuple(normal_folder(folder) for folder in data.get("include", ())),
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """How operations run unless their caller says otherwise. ``strict_layers`` waits for a whole layer."""

    on_failure: OnFailure = OnFailure.STOP
    max_parallel: int = 8
    strict_layers: bool = False

    def to_dict(self) -> dict[str, Any]:
        return _compact(
            on_failure="" if self.on_failure is OnFailure.STOP else self.on_failure.value,
            max_parallel=None if self.max_parallel == 8 else self.max_parallel,
            strict_layers=True if self.strict_layers else None,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Policy:
        return cls(
            OnFailure(data.get("on_failure", OnFailure.STOP)),
            data.get("max_parallel", 8),
            data.get("strict_layers", False),
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    deployment: Deployment
    environments: Mapping[str, Environment]
    stacks: Mapping[str, Stack]
    defaults: Config = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)

    def environment(self, name: str) -> Environment:
        """Raises NotFound, naming the nearest environment."""
        found = self.environments.get(name)
        if found is None:
            raise self._not_found("environment", name, self.environments)
        return found

    def stack(self, name: str) -> Stack:
        """Raises NotFound, naming the nearest stack."""
        found = self.stacks.get(name)
        if found is None:
            raise self._not_found("stack", name, self.stacks)
        return found

    def is_enabled(self, stack: str, environment: str) -> bool:
        """Whether operations on the environment take the stack in. Says nothing about the environment itself."""
        there = self.stack(stack).in_environment(environment).enabled
        return self.stack(stack).enabled if there is None else there

    def enabled_stacks(self, environment: str) -> tuple[str, ...]:
        """The stacks that operations on the environment take in, in alphabetical order."""
        return tuple(name for name in sorted(self.stacks) if self.is_enabled(name, environment))

    def executor(self, stack: str, environment: str) -> Executor:
        return self.stack(stack).in_environment(environment).executor or self.stack(stack).executor

    def timeout_seconds(self, stack: str, environment: str) -> int:
        there = self.stack(stack).in_environment(environment).timeout_seconds
        return self.stack(stack).timeout_seconds if there is None else there

    def tags(self, stack: str, environment: str) -> dict[str, str]:
        """The user's tags of a stack: deployment → environment → stack → stack in the environment, the nearer wins."""
        nearest = self.stack(stack)
        return {
            **self.deployment.tags,
            **self.environment(environment).tags,
            **nearest.tags,
            **nearest.in_environment(environment).tags,
        }

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": 1,
            "deployment": self.deployment.to_dict(),
            "environments": {name: environment.to_dict() for name, environment in self.environments.items()},
            **_compact(defaults=dict(self.defaults)),
            "stacks": {name: stack.to_dict(name) for name, stack in self.stacks.items()},
            **_compact(policy=self.policy.to_dict()),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Manifest:
        """Reads what ``to_dict`` wrote, or a document that is checked already; checks nothing itself."""
        return cls(
            deployment=Deployment.from_dict(data.get("deployment", {})),
            environments={
                name: Environment.from_dict(environment) for name, environment in data.get("environments", {}).items()
            },
            stacks={name: Stack.from_dict(name, stack) for name, stack in data.get("stacks", {}).items()},
            defaults=dict(data.get("defaults", {})),
            policy=Policy.from_dict(data.get("policy", {})),
        )

    def _not_found(self, kind: str, name: str, known: Mapping[str, Any]) -> NotFound:
        message = f"The deployment {self.deployment.id} has no {kind} {name!r}."
        return NotFound(message, hint=_hint(name, list(known)), deployment_id=self.deployment.id)


def default_source(stack: str) -> str:
    """Where a stack's program is unless the manifest says otherwise."""
    return f"stacks/{stack}"


def normal_folder(path: str) -> str:
    """A relative folder without ``./`` before and ``/`` after it."""
    return path.removeprefix("./").rstrip("/")


def _hint(name: str, known: Sequence[str]) -> str:
    nearest = did_you_mean(name, known)
    return f"{nearest[0].upper()}{nearest[1:]}" if nearest else f"Known are {', '.join(sorted(known)[:20]) or 'none'}."


def _compact(**items: Any) -> dict[str, Any]:
    """The items that say something: neither None nor an empty text, list or map."""
    return {key: value for key, value in items.items() if value is not None and value not in ("", [], {})}
