"""The laws of the scheduler, for any graph, any outcome, and deliveries that repeat, overtake each other or get lost.

``Platform`` imitates what is around the scheduler: iterations that wait with a task token, workers that apply events and
may crash between the write and the send, and a reconciler. ``expected_advance`` is a second, naive scheduler: it keeps
nothing but sets and decides by the definitions, so that both are wrong together only if the definitions are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.domain.operations import OnFailure
from cloud.domain.schedule import (
    Advance,
    Begin,
    CancelRequested,
    Event,
    Finished,
    Grant,
    Outcome,
    Schedule,
    Skip,
    Standing,
    Wait,
    advance,
    decision,
    granted,
    make_schedule,
    wake_ups,
)

Graph = dict[str, tuple[str, ...]]

MOSTLY_SUCCESS = st.sampled_from([Outcome.SUCCESS, Outcome.SUCCESS, Outcome.SUCCESS, Outcome.FAILURE])


@dataclass(frozen=True)
class Case:
    graph: Graph
    seconds: dict[str, float]
    outcomes: dict[str, Outcome]
    max_parallel: int
    on_failure: OnFailure
    strict_layers: bool

    def schedule(self) -> Schedule:
        return make_schedule(
            self.graph,
            seconds=self.seconds,
            max_parallel=self.max_parallel,
            on_failure=self.on_failure,
            strict_layers=self.strict_layers,
        )


@st.composite
def cases(draw: st.DrawFn, outcomes: st.SearchStrategy[Outcome] = MOSTLY_SUCCESS) -> Case:
    everyone = draw(st.permutations([f"s{number}" for number in range(draw(st.integers(1, 9)))]))
    graph = {
        name: tuple(draw(st.lists(st.sampled_from(everyone[:at]), unique=True, max_size=3))) if at else ()
        for at, name in enumerate(everyone)
    }
    return Case(
        graph=graph,
        seconds={name: draw(st.sampled_from([0.5, 1.0, 2.0, 8.0])) for name in everyone},
        outcomes={name: draw(outcomes) for name in everyone},
        max_parallel=draw(st.integers(1, 4)),
        on_failure=draw(st.sampled_from(OnFailure)),
        strict_layers=draw(st.booleans()),
    )


def ancestors(graph: Graph, name: str) -> set[str]:
    return {found for other in graph[name] for found in (other, *ancestors(graph, other))}


def longest_from(case: Case, name: str) -> float:
    later = [other for other in case.graph if name in case.graph[other]]
    return case.seconds[name] + max((longest_from(case, other) for other in later), default=0.0)


def layer_of(graph: Graph, name: str) -> int:
    return 1 + max((layer_of(graph, other) for other in graph[name]), default=0)


@dataclass
class Model:
    """The naive scheduler: sets of names, and the definitions written down."""

    case: Case
    begun: bool = False
    waiting: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    succeeded: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.waiting = set(self.case.graph)
        self.rank = sorted(self.case.graph, key=lambda name: (-longest_from(self.case, name), name))

    def apply(self, event: Event) -> tuple[list[str], set[str]]:
        """``(starts in order, stacks given up)``."""
        given_up: set[str] = set()
        match event:
            case Begin():
                self.begun = True
            case CancelRequested():
                given_up = set(self.waiting)
            case Finished(stack, outcome):
                if stack not in self.waiting | self.running or (stack in self.waiting and outcome is Outcome.SUCCESS):
                    return [], set()
                self.waiting.discard(stack)
                self.running.discard(stack)
                if outcome is Outcome.SUCCESS:
                    self.succeeded.add(stack)
                elif outcome is Outcome.FAILURE and self.case.on_failure is OnFailure.STOP:
                    given_up = set(self.waiting)
                else:
                    given_up = {name for name in self.waiting if stack in ancestors(self.case.graph, name)}
        self.waiting -= given_up
        starts = []
        for name in self.rank:
            if self.begun and len(self.running) < self.case.max_parallel and self.may_start(name):
                starts.append(name)
                self.running.add(name)
                self.waiting.discard(name)
        return starts, given_up

    def may_start(self, name: str) -> bool:
        layer = layer_of(self.case.graph, name)
        unfinished = self.waiting | self.running
        barrier = self.case.strict_layers and any(layer_of(self.case.graph, other) < layer for other in unfinished)
        return name in self.waiting and set(self.case.graph[name]) <= self.succeeded and not barrier


@dataclass
class Platform:
    """Runs a case to its end with deliveries at least once, and checks at every step what must never happen."""

    case: Case
    choose: Random
    crashes: bool = True
    schedule: Schedule = field(init=False)
    model: Model = field(init=False)
    pending: list[Event | str] = field(init=False)  # a name stands for AwaitDependencies of that stack
    tokens: set[str] = field(default_factory=set)
    woken: dict[str, Grant | Skip] = field(default_factory=dict)
    finished: dict[str, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.schedule = self.case.schedule()
        self.model = Model(self.case)
        self.pending = [Begin(), *self.case.graph]

    def run(self) -> Schedule:
        for _ in range(10_000):
            if not self.pending:
                self.reconcile()
            if not self.pending:
                return self.schedule
            self.deliver(self.pending.pop(self.choose.randrange(len(self.pending))))
        raise AssertionError("the simulation does not end")

    def deliver(self, event: Event | str) -> None:
        if self.choose.random() < 0.25:
            self.pending.append(event)  # it comes once more, whenever
        if isinstance(event, str):
            self.tokens.add(event)
            if not self.crash():
                self.tell(event)
            return
        result = self.apply(event)
        if not self.crash():
            for name in (*result.starts, *(skip.stack for skip in result.skips)):
                self.tell(name)

    def apply(self, event: Event) -> Advance:
        before = self.schedule
        result = advance(before, event)
        starts, given_up = self.model.apply(event)
        assert list(result.starts) == starts
        assert {skip.stack for skip in result.skips} == given_up
        assert advance(before, event) == result, "the given schedule was changed"
        stored = json.loads(json.dumps(result.schedule.to_dict()))
        assert Schedule.from_dict(stored) == result.schedule
        again = advance(result.schedule, event)
        assert again.ignored
        assert (again.schedule, again.starts, again.skips) == (result.schedule, (), ())
        self.check(before, result)
        self.schedule = Schedule.from_dict(stored)
        return result

    def check(self, before: Schedule, result: Advance) -> None:
        after = result.schedule
        for name, stack in before.stacks.items():
            if stack.standing.is_terminal:
                assert after.stacks[name] == stack or after.stacks[name].standing is stack.standing
        for name in result.starts:
            assert all(self.finished.get(other) is Outcome.SUCCESS for other in self.case.graph[name])
        assert after.running == len(granted(after)) <= self.case.max_parallel
        for skip in result.skips:
            assert isinstance(decision(after, skip.stack), Skip)
            if skip.outcome is Outcome.SKIPPED:
                assert self.finished[skip.blocked_by] is Outcome.FAILURE
                assert after.stacks[skip.blocked_by].standing is Standing.FAILED

    def tell(self, name: str) -> None:
        """What sending the decision to a stored token does; the second answer to a token is refused by Step Functions."""
        answer = decision(self.schedule, name)
        if name not in self.tokens or name in self.woken or not isinstance(answer, Grant | Skip):
            return
        self.woken[name] = answer
        if isinstance(answer, Grant):
            self.finish(name, self.case.outcomes[name])
        else:
            self.finish(name, answer.outcome)

    def finish(self, name: str, outcome: Outcome) -> None:
        self.finished[name] = outcome
        self.pending.append(Finished(name, outcome))

    def reconcile(self) -> None:
        for answer in wake_ups(self.schedule):
            self.tell(answer.stack)

    def crash(self) -> bool:
        return self.crashes and self.choose.random() < 0.2


# Seeds rather than st.randoms(): its smallest value repeats every delivery for ever.
randoms = st.builds(Random, st.integers(0, 2**32))


@given(cases(), randoms)
def test_every_stack_ends_and_every_iteration_is_woken_whatever_is_repeated_reordered_or_lost(
    case: Case, choose: Random
) -> None:
    platform = Platform(case, choose)
    assert platform.run().is_finished
    assert platform.woken.keys() == case.graph.keys()


@given(cases(), randoms)
def test_without_crashes_nothing_needs_the_reconciler(case: Case, choose: Random) -> None:
    platform = Platform(case, choose, crashes=False)
    while platform.pending:
        platform.deliver(platform.pending.pop(choose.randrange(len(platform.pending))))
    assert platform.schedule.is_finished
    assert platform.woken.keys() == case.graph.keys()


@given(cases(), randoms)
def test_under_continue_the_end_depends_on_the_outcomes_alone(case: Case, choose: Random) -> None:
    platform = Platform(case, choose)
    end = platform.run()
    for name in case.graph:
        beneath = ancestors(case.graph, name)
        broken = {other for other in beneath if end.stacks[other].standing is Standing.FAILED}
        if broken:
            assert end.stacks[name].standing is Standing.SKIPPED
            if case.on_failure is OnFailure.CONTINUE:
                assert end.stacks[name].blocked_by in broken
        elif case.on_failure is OnFailure.CONTINUE:
            expected = Standing.SUCCEEDED if case.outcomes[name] is Outcome.SUCCESS else Standing.FAILED
            assert end.stacks[name].standing is expected


@given(cases(), randoms)
def test_under_stop_nothing_starts_after_the_first_failure(case: Case, choose: Random) -> None:
    if case.on_failure is not OnFailure.STOP:
        return
    platform = Platform(case, choose)
    end = platform.run()
    failed = end.named(Standing.FAILED)
    skipped = end.named(Standing.SKIPPED)
    assert bool(failed) or not skipped
    assert {end.stacks[name].blocked_by for name in skipped} <= set(failed)
    assert len({end.stacks[name].blocked_by for name in skipped}) <= 1, "the first failure stops everything"


@given(cases(), randoms, st.integers(0, 12))
def test_a_cancel_at_any_time_ends_everything_and_starts_nothing_more(case: Case, choose: Random, when: int) -> None:
    platform = Platform(case, choose)
    for _ in range(when):
        if platform.pending:
            platform.deliver(platform.pending.pop(choose.randrange(len(platform.pending))))
    running = set(granted(platform.schedule))
    if platform.schedule.is_finished:
        return
    platform.apply(CancelRequested())
    assert set(granted(platform.schedule)) == running
    end = platform.run()
    assert end.is_finished
    assert end.cancelled
    assert platform.woken.keys() >= running


@given(cases(st.sampled_from(Outcome)), randoms)
def test_any_outcome_of_any_run_leads_to_an_end(case: Case, choose: Random) -> None:
    """Also runs that were interrupted or skipped themselves, which no failure stands behind."""
    schedule, running = case.schedule(), list[str]()
    result = advance(schedule, Begin())
    for _ in range(len(case.graph) + 1):
        running += result.starts
        if not running:
            break
        name = running.pop(choose.randrange(len(running)))
        result = advance(result.schedule, Finished(name, case.outcomes[name]))
    assert result.schedule.is_finished


any_event = st.one_of(
    st.just(Begin()),
    st.just(CancelRequested()),
    st.builds(Finished, st.sampled_from([f"s{number}" for number in range(10)]), st.sampled_from(Outcome)),
)


@settings(max_examples=200)
@given(cases(), st.lists(any_event, max_size=30))
def test_no_sequence_of_events_however_absurd_breaks_a_rule(case: Case, events: list[Event]) -> None:
    schedule, model = case.schedule(), Model(case)
    started: list[str] = []
    for event in events:
        result = advance(schedule, event)
        starts, given_up = model.apply(event)
        assert list(result.starts) == starts
        assert {skip.stack for skip in result.skips} == given_up
        started += starts
        assert len(granted(result.schedule)) <= case.max_parallel
        for name, stack in schedule.stacks.items():
            if stack.standing.is_terminal:
                assert result.schedule.stacks[name].standing is stack.standing
        schedule = Schedule.from_dict(json.loads(json.dumps(result.schedule.to_dict())))
        assert schedule == result.schedule
    assert len(started) == len(set(started)), "a stack was started twice"


@given(cases(), st.lists(any_event, max_size=30))
def test_who_waits_always_has_something_to_wait_for(case: Case, events: list[Event]) -> None:
    """No lost wake-up: an unfinished schedule that has begun always has somebody running, who will wake the others."""
    schedule = advance(case.schedule(), Begin()).schedule
    for event in events:
        schedule = advance(schedule, event).schedule
        waiting = [found for found in (decision(schedule, name) for name in case.graph) if isinstance(found, Wait)]
        assert schedule.is_finished or granted(schedule)
        assert all(found.reason for found in waiting)
