"""Faults inside Pulumi and around a run."""

from __future__ import annotations

from tests.faults.named_fault import DONE, FAILED, MID_CREATE, RECORD, RUN, Named, at
from tests.faults.points import Fault, Kind

PULUMI = (
    Named("runner killed before a create", at(MID_CREATE, Kind.KILL), "failed", FAILED),
    Named(
        "runner killed after a create, before it is recorded",
        at("pulumi network: after create network-1", Kind.KILL),
        "failed",
        FAILED,
    ),
    Named(
        "runner killed between two resources",
        at("pulumi network: after recording network-1", Kind.KILL),
        "failed",
        FAILED,
    ),
    Named(
        "runner killed before outputs are recorded", at("pulumi network: before outputs", Kind.KILL), "failed", FAILED
    ),
    Named("runner killed after outputs are recorded", at("pulumi network: after outputs", Kind.KILL), "failed", FAILED),
    Named(
        "runner killed in a destroy, before a delete",
        at("pulumi app: before delete app-2", Kind.KILL),
        "failed",
        {"app": "failed", "network": "skipped"},
        plot="deploy then destroy",
        of="destroy",
        runs=0,
    ),
    Named(
        "runner killed in a destroy, after a delete",
        at("pulumi app: after delete app-2", Kind.KILL),
        "failed",
        {"app": "failed", "network": "skipped"},
        plot="deploy then destroy",
        of="destroy",
        runs=0,
    ),
    Named("pulumi alone killed in a create", at(MID_CREATE, Kind.KILL_ENGINE), "failed", FAILED),
    Named(
        "runner killed while a killed run is settled",
        (*at("pulumi network: after create network-1", Kind.KILL), *at("pulumi network: before settling *", Kind.KILL)),
        "failed",
        FAILED,
        plot="deploy then retry",
    ),
)

CLAIMS = (
    Named("runner killed before its claim", at(f"{RUN}: before stacks.put claim", Kind.KILL), "failed", FAILED, runs=0),
    Named("runner killed after its claim", at(f"{RUN}: after stacks.put claim", Kind.KILL), "failed", FAILED, runs=0),
    Named("runner killed before its report", at(f"{RUN}: before stacks.put report", Kind.KILL), "failed", FAILED),
    Named("runner killed after its report", at(f"{RUN}: after stacks.put report", Kind.KILL), "succeeded", DONE),
    Named("runner's answer lost", at(f"{RUN}: answer", Kind.LOSE), "succeeded", DONE),
    Named("runner hangs until its time limit", at(f"{RUN}: before events.append", Kind.HANG), "failed", FAILED),
    Named("claim throttled", at(f"{RUN}: before stacks.put claim", Kind.THROTTLE), "failed", FAILED, runs=0),
    Named("claim's answer lost", at(f"{RUN}: after stacks.put claim", Kind.LOSE), "failed", FAILED, runs=0),
    Named("report throttled", at(f"{RUN}: before stacks.put report", Kind.THROTTLE), "succeeded", DONE),
    Named("report's answer lost", at(f"{RUN}: after stacks.put report", Kind.LOSE), "succeeded", DONE),
    Named("run's events throttled", at(f"{RUN}: before events.append", Kind.THROTTLE), "succeeded", DONE),
    Named("run's invocation refused", at(f"{RUN}: invoke", Kind.REFUSE), "succeeded", DONE),
    Named("run's invocation failed", at(f"{RUN}: invoke", Kind.BREAK), "failed", FAILED, runs=0),
    Named("run delivered twice", at(f"{RUN}: invoke", Kind.TWICE), "succeeded", DONE),
    Named("run is late and unheard", at(f"{RUN}: invoke", Kind.UNHEARD), "succeeded or failed", None, runs=None),
    Named(
        "run goes on unheard",
        (*at(f"{RUN}: invoke", Kind.UNHEARD), *at(f"{RECORD}: invoke", Kind.DELAY, 1, 0.05)),
        "succeeded",
        DONE,
    ),
    Named("run delivered again when all is over", at(f"{RUN}: invoke", Kind.LATE, 1, 1000.0), "succeeded", DONE),
    Named(
        "heartbeat hangs for a while",
        (*at(MID_CREATE, Kind.DELAY, 1, 40.0), *at(f"{RUN}: before stacks.put heartbeat", Kind.DELAY, 1, 15.0)),
        "succeeded",
        DONE,
    ),
    Named(
        "heartbeat hangs until the run is taken for dead",
        (*at(MID_CREATE, Kind.DELAY, 1, 100.0), *at(f"{RUN}: before stacks.put heartbeat", Kind.DELAY, 1, 58.0)),
        "failed",
        FAILED,
    ),
    Named(
        "heartbeats are refused, then one hangs, and the execution is stopped",
        (
            *at(MID_CREATE, Kind.DELAY, 1, 100.0),
            *(Fault(f"{RUN}: before stacks.put heartbeat", Kind.THROTTLE, number) for number in range(1, 26)),
            *at(f"{RUN}: before stacks.put heartbeat", Kind.STOP, 26),
            *at(f"{RUN}: before stacks.put heartbeat", Kind.DELAY, 26, 58.0),
        ),
        "error",
        None,
        plot="two deploys",
    ),
    Named(
        "heartbeat hangs, and the execution is stopped",
        (
            *at(MID_CREATE, Kind.DELAY, 1, 100.0),
            *at(f"{RUN}: before stacks.put heartbeat", Kind.STOP),
            *at(f"{RUN}: before stacks.put heartbeat", Kind.DELAY, 1, 58.0),
        ),
        "error",
        None,
        plot="two deploys",
    ),
)
