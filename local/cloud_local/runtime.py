"""Local mode as one object: the emulated AWS, the gateway, and the control plane's own functions in this process."""

from __future__ import annotations

import getpass
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloud import bootstrap
from cloud import settings as settings_module
from cloud.settings import Settings, environment_of
from cloud_local import bundle, provision
from cloud_local.aws.server import EmulatedAws
from cloud_local.engine import Engine, EngineChoice
from cloud_local.gateway.app import make_app
from cloud_local.gateway.server import GatewayServer
from cloud_local.handlers import deployed_name, load_functions
from infra import topology


@dataclass(frozen=True, slots=True)
class Options:
    """``folder`` keeps what outlives a call: Pulumi's state, the engine, logs. Ports are free ones when 0.

    ``pulumi_root`` names an installed Pulumi (``bin/pulumi`` below it); empty looks on PATH, else the stand-in is used.
    ``scripted`` runs no Pulumi at all: stacks take the durations that their configuration says (for benchmarks).
    """

    folder: Path
    aws_port: int = 0
    gateway_port: int = 0
    pulumi_root: str = ""
    stand_in: bool = False
    scripted: bool = False
    region: str = "us-east-1"
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))


class LocalCloud:
    """Start it, talk to ``gateway.url`` with ``options.token``, stop it. Its state lives as long as it runs.

    There is one per process: handlers read their settings from the process environment, as they do in AWS.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.aws = EmulatedAws(region=options.region, port=options.aws_port)
        self.gateway: GatewayServer | None = None
        self.engine: Engine | None = None
        self.state_machine_arn = ""
        self._environment: dict[str, str | None] = {}

    def start(self) -> LocalCloud:
        """Bring everything up. Raises OSError for a port that is taken, EngineMissing for a Pulumi that isn't there."""
        self.options.folder.mkdir(parents=True, exist_ok=True)
        try:
            self.engine = None if self.options.scripted else self._start_engine()
            self.aws.start()
            provision.create_tables(self.aws)
            provision.create_buckets(self.aws)
            provision.create_key(self.aws)
            provision.create_buses(self.aws)
            self._start_gateway()
            self.aws.functions.register(load_functions())
            machine = topology.STATE_MACHINES[0]
            self.state_machine_arn = provision.create_state_machine(self.aws, machine, bundle.folder("statemachine"))
            self._apply(self.settings())
            self.aws.add_event_sources(provision.event_sources())
            self.aws.add_rules(provision.event_rules({machine.name: self.state_machine_arn}))
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End what runs and forget the emulated AWS. Stopping twice is harmless."""
        if self.gateway is not None:
            self.gateway.stop()
            self.gateway = None
        self.aws.stop()
        if self.engine is not None:
            self.engine.stop()
            self.engine = None
        for variable, value in self._environment.items():
            if value is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value
        self._environment.clear()
        _forget()

    def __enter__(self) -> LocalCloud:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def settings(self) -> Settings:
        """What the functions are told."""
        engine = self.engine.settings() if self.engine else {}
        return Settings(
            region=self.options.region,
            endpoint_url=self.aws.url,
            state_machine_arn=self.state_machine_arn,
            websocket_endpoint=self._gateway().management_url,
            kms_key=provision.KEY_ALIAS,
            runner="scripted" if self.options.scripted else "automation",
            work_dir=str(self.options.folder / "work"),
            **engine,
        )

    def context(self) -> dict[str, str]:
        """What a client needs to reach this instance: the content of the context file."""
        return {
            "url": self._gateway().url,
            "websocket_url": self._gateway().websocket_url,
            "aws_url": self.aws.url,
            "token": self.options.token,
            "user": getpass.getuser(),
        }

    def _gateway(self) -> GatewayServer:
        if self.gateway is None:
            raise RuntimeError("Local mode isn't started.")
        return self.gateway

    def _start_engine(self) -> Engine:
        choice = EngineChoice(self.options.pulumi_root, stand_in=self.options.stand_in)
        return Engine(choice, self.options.folder).start()

    def _start_gateway(self) -> None:
        app = make_app(self._invoke, topology.ROUTES, topology.SOCKET_ROUTES, self.options.token)
        self.gateway = GatewayServer(app, self.options.gateway_port).start()

    def _invoke(self, name: str, event: Mapping[str, Any]) -> Any:
        outcome = self.aws.functions.invoke(deployed_name(name), event)
        if outcome.function_error:
            raise RuntimeError(json.loads(outcome.payload).get("errorMessage", "unknown error"))
        return outcome.result

    def _apply(self, settings: Settings) -> None:
        """Put the settings where handlers look for them, and remember what stood there."""
        engine = self.engine.environment() if self.engine else {}
        wanted = {**self.aws.environment, **environment_of(settings), **engine}
        for variable, value in wanted.items():
            self._environment[variable] = os.environ.get(variable)
            os.environ[variable] = value
        _forget()


def _forget() -> None:
    settings_module.settings.cache_clear()
    bootstrap.platform.cache_clear()
