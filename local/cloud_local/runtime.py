"""Local mode as one object: the emulated AWS, the gateway, and the control plane's own functions in this process."""

from __future__ import annotations

import getpass
import logging
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloud import bootstrap
from cloud import settings as settings_module
from cloud.settings import Settings, environment_of
from cloud_local import bundle, engine_identity, provision
from cloud_local.aws.faults import InvokeRefused
from cloud_local.aws.server import ACCESS_KEY, EmulatedAws
from cloud_local.engine import Engine, EngineChoice
from cloud_local.gateway.access import Access
from cloud_local.gateway.app import make_app
from cloud_local.gateway.invocation import FunctionFailed
from cloud_local.gateway.server import GatewayServer
from cloud_local.handlers import deployed_name, load_functions
from cloud_local.isolation import isolated
from infra import topology

_logger = logging.getLogger(__name__)


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
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)


class LocalCloud:
    """Start it, talk to ``gateway.url`` with ``options.token``, stop it. Its state lives as long as it runs.

    There is one per process: handlers read their settings from the process environment, as they do in AWS.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self._folder = options.folder.resolve()  # programs run elsewhere: what they are told must be absolute
        self._secret_key = secrets.token_urlsafe(30)
        self.aws = EmulatedAws(region=options.region, port=options.aws_port, secret_key=self._secret_key)
        self.gateway: GatewayServer | None = None
        self.engine: Engine | None = None
        self.state_machine_arn = ""
        self._environment: dict[str, str | None] = {}

    def start(self) -> LocalCloud:
        """Bring everything up. Raises OSError for a port that is taken, EngineMissing for a Pulumi that isn't there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # What a crash left behind: the emulated AWS begins empty, and so does everything that speaks of it.
        shutil.rmtree(self._folder / "work", ignore_errors=True)
        try:
            self._set_environment(isolated(os.environ))
            self._bind_gateway(self.options.gateway_port)
            if not self.options.scripted:
                choice = EngineChoice(self.options.pulumi_root, stand_in=self.options.stand_in)
                self.engine = Engine(choice, self._folder)
            # Side by side: the engine's server imports its SDKs in a process of its own meanwhile.
            with ThreadPoolExecutor(1, "engine") as pool:
                engine = pool.submit(self.engine.start) if self.engine else None
                self._start_aws()
                if engine is not None:
                    engine.result()
            self._apply(self.settings())
            self.aws.add_event_sources(provision.event_sources())
            self.aws.add_rules(provision.event_rules({topology.STATE_MACHINES[0].name: self.state_machine_arn}))
            self.aws.add_schedules(provision.schedules())
            self._gateway().start()  # last: whoever is answered finds everything in place
            self.aws.warm_up()  # the first deployment is seconds away: nobody has to wait for this
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End what runs and forget the emulated AWS. Stopping twice is harmless."""
        with ExitStack() as last:  # from the last callback to the first, whatever one of them raises
            last.callback(_forget)
            last.callback(self._restore_environment)
            if self.engine is not None:
                last.callback(self.engine.stop)
            last.callback(self.aws.stop)
            if self.gateway is not None:
                last.callback(self.gateway.stop)
            self.engine = self.gateway = None

    @contextmanager
    def without_gateway(self) -> Iterator[None]:
        """Within, the gateway is down: its clients are cut off, nobody gets in, and what runs goes on. For tests."""
        gateway = self._gateway()
        gateway.stop()
        try:
            yield
        finally:
            self._bind_gateway(gateway.port)
            self._gateway().start()

    def __enter__(self) -> LocalCloud:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def settings(self) -> Settings:
        """What the functions are told."""
        engine = self.engine.settings() if self.engine else {"engine": engine_identity.SCRIPTED}
        return Settings(
            region=self.options.region,
            endpoint_url=self.aws.url,
            state_machine_arn=self.state_machine_arn,
            websocket_endpoint=self._gateway().management_url,
            kms_key=provision.KEY_ALIAS,
            mac_key=provision.MAC_ALIAS,
            runner="scripted" if self.options.scripted else "automation",
            work_dir=str(self._folder / "work"),
            **engine,
        )

    def context(self) -> dict[str, str]:
        """What a client needs to reach this instance: the content of the context file."""
        return {
            "url": self._gateway().url,
            "websocket_url": self._gateway().websocket_url,
            "aws_url": self.aws.url,
            "token": self.options.token,
            "user": _user(),
        }

    def _gateway(self) -> GatewayServer:
        if self.gateway is None:
            raise RuntimeError("Local mode isn't started.")
        return self.gateway

    def _start_aws(self) -> None:
        self.aws.start(warm_up=False)
        provision.create_tables(self.aws)
        provision.create_buckets(self.aws)
        provision.create_key(self.aws)
        provision.create_buses(self.aws)
        self.aws.functions.register(load_functions())
        machine = topology.STATE_MACHINES[0]
        self.state_machine_arn = provision.create_state_machine(self.aws, machine, bundle.folder("statemachine"))

    def _bind_gateway(self, port: int) -> None:
        access = Access(self.options.token, ACCESS_KEY, self._secret_key, self.options.region)
        app = make_app(self._invoke, topology.ROUTES, topology.SOCKET_ROUTES, access)
        self.gateway = GatewayServer(app, port)

    def _invoke(self, name: str, event: Mapping[str, Any]) -> Any:
        """The result of a function. Raises FunctionFailed; the log gets the whole story."""
        try:
            outcome = self.aws.functions.invoke(deployed_name(name), event)
        except InvokeRefused as refused:
            raise FunctionFailed(refused.message, 413 if refused.status == 413 else 502) from refused
        if outcome.function_error:
            error = outcome.result
            _logger.error("%s failed: %s", name, outcome.payload.decode())
            raise FunctionFailed(
                str(error.get("errorMessage", "unknown error")),
                504 if error.get("errorType") == "Sandbox.Timedout" else 502,
            )
        return outcome.result

    def _apply(self, settings: Settings) -> None:
        """Put the settings where handlers look for them."""
        engine = self.engine.environment() if self.engine else {}
        self._set_environment({**self.aws.environment, **environment_of(settings), **engine})
        _forget()

    def _set_environment(self, wanted: Mapping[str, str | None]) -> None:
        """Set or (None) remove variables, and remember what stood there before the start."""
        for variable, value in wanted.items():
            self._environment.setdefault(variable, os.environ.get(variable))
            _set(variable, value)

    def _restore_environment(self) -> None:
        for variable, value in self._environment.items():
            _set(variable, value)
        self._environment.clear()


def _set(variable: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = value


def _user() -> str:
    """The caller's name as a header can carry it; a container's user may have none."""
    try:
        return getpass.getuser().encode("ascii", "replace").decode() or "local"
    except (OSError, KeyError):
        return "local"


def _forget() -> None:
    settings_module.settings.cache_clear()
    bootstrap.platform.cache_clear()
