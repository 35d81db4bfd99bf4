"""The stacks that the StackRunner's contract suite runs: each as a script and as an ordinary Pulumi program."""

from __future__ import annotations

import io
import math
import os
import shutil
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.adapters.memory.runner import Script, ScriptedRunner
from cloud.adapters.pulumi import AutomationRunner, EngineSettings
from cloud.domain.events import NewEvent
from cloud.domain.operations import OperationKind
from cloud.ports.runner import RunRequest, Secret, StackRunner

PASSWORD = "correct-horse-battery"
PREAMBLE = """
import os, signal, subprocess, sys, time
import pulumi

class Box(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Box", name, None, opts)
        self.register_outputs({})

config = pulumi.Config()
"""
_BOXES = '\nfor name in config.require_object("boxes"):\n    Box(name)\n'


@dataclass(frozen=True)
class Scenario:
    """``code`` is the Pulumi program after the preamble, ``script`` the same for the scripted runner."""

    code: str
    script: Script


SCENARIOS: Mapping[str, Scenario] = {
    "boxes": Scenario(
        _BOXES
        + """
print("the password is", config.require("password"))
pulumi.export("vpcId", "vpc-1")
pulumi.export("zones", ["a", "b", None, 2.5, True])
pulumi.export("token", config.require_secret("password"))
""",
        Script(
            resources=2,
            outputs={"vpcId": "vpc-1", "zones": ["a", "b", None, 2.5, True], "token": Secret(PASSWORD)},
            log=(f"the password is {PASSWORD}",),
        ),
    ),
    "raises": Scenario(
        _BOXES + f'raise ValueError("no such CIDR {PASSWORD}")',
        Script(resources=2, fail_after=2, error="program-failed", message=f"no such CIDR {PASSWORD}"),
    ),
    "deaf": Scenario(
        'signal.signal(signal.SIGINT, signal.SIG_IGN)\nprint("hanging", flush=True)\ntime.sleep(600)',
        Script(resources=0, seconds=math.inf, log=("hanging",)),
    ),
    "hangs": Scenario(
        'print("hanging", flush=True)\ntime.sleep(600)', Script(resources=0, seconds=math.inf, log=("hanging",))
    ),
}


def zipped(code: str, *, runtime: str = "python", **files: str) -> bytes:
    """A Pulumi project whose program is ``code``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("Pulumi.yaml", f"name: whatever\nruntime: {runtime}\n")
        archive.writestr("__main__.py", PREAMBLE + code)
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class ManualTime:
    """A clock that moves only when somebody sleeps on it."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Log:
    """Takes what a run emits."""

    def __init__(self) -> None:
        self.batches: list[list[NewEvent]] = []

    def __call__(self, events: Any) -> None:
        self.batches.append(list(events))

    @property
    def events(self) -> list[NewEvent]:
        return [event for batch in self.batches for event in batch]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [dict(event.data) for event in self.events if event.type.value == kind]


def never() -> bool:
    return False


@dataclass
class RunnerUnderTest:
    """One StackRunner with a place of its own; ``name`` is memory, stand-in or real."""

    name: str
    runner: StackRunner
    settings: EngineSettings | None = None

    def request(self, scenario: str, kind: OperationKind = OperationKind.DEPLOY, **more: Any) -> RunRequest:
        program = more.pop("program", None)
        if program is None:
            program = zipped(SCENARIOS[scenario].code)
        return self.request_for(program, kind, **{"stack": scenario, **more})

    def request_for(self, program: bytes, kind: OperationKind = OperationKind.DEPLOY, **more: Any) -> RunRequest:
        stack = more.pop("stack", "network")
        config = {"ecommerce:boxes": ["one", "two"], "ecommerce:password": Secret(PASSWORD)}
        values: dict[str, Any] = {
            "operation_id": "01JD0000000000000000000000",
            "deployment_id": "D1BRV40",
            "environment": "dev",
            "stack": stack,
            "pulumi_stack": f"D1BRV40-{stack}-dev",
            "project": "ecommerce",
            "kind": kind,
            "program": program,
            "config": config,
            "timeout_seconds": 120.0,
            "grace_seconds": 20.0,
        }
        return RunRequest(**{**values, **more})


def memory_runner() -> RunnerUnderTest:
    time = ManualTime()
    scripts = {name: scenario.script for name, scenario in SCENARIOS.items()}
    return RunnerUnderTest("memory", ScriptedRunner(scripts, sleep=time.sleep, clock=time.clock))


def automation_runner(name: str, root: str, environment: Mapping[str, str], place: Path) -> RunnerUnderTest:
    settings = EngineSettings(
        backend_url=f"file://{place}/state",
        passphrase="a passphrase of this test",
        pulumi_root=root,
        pulumi_home=str(place / "home"),
        work_root=str(place / "work"),
        # The programs run with this interpreter, which has Pulumi's SDK.
        host={**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])},
        environment=environment,
    )
    return RunnerUnderTest(name, AutomationRunner(settings), settings)


def real_engine_root() -> str | None:
    """Where a real Pulumi CLI is installed: CLOUD_PULUMI_ROOT, or the one on PATH; None when there is none."""
    root = os.environ.get("CLOUD_PULUMI_ROOT", "")
    if root:
        return root if (Path(root) / "bin" / "pulumi").is_file() else None
    found = shutil.which("pulumi")
    return str(Path(found).resolve().parent.parent) if found else None


NO_REAL_ENGINE = (
    "NOT TESTED AGAINST THE REAL PULUMI ENGINE: no pulumi on PATH and CLOUD_PULUMI_ROOT names no folder with bin/pulumi"
)
