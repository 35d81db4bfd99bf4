"""Tests that share something expensive run in one of xdist's workers, so that it is made once and not once in each.

xdist tells the scheduler of a test's group by its node id: it writes ``_nodeid``, which pytest 9.2 doesn't read any more. With
xdist 3.8 groups would have no effect, without a word.
"""

from __future__ import annotations

import signal
from collections.abc import Generator

import pytest
from hypothesis import settings

# A test asserts no time (style.md): on a busy machine hypothesis' deadline of 200 ms would be one.
settings.register_profile("behaviour", deadline=None)
settings.load_profile("behaviour")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a script (`make test &`), which the commands under test would inherit: a Ctrl-C that a test
    # types would not be heard. With a handler of ours they begin with the default.
    signal.signal(signal.SIGINT, signal.default_int_handler)


PROCESSES_TRACED = ("tests/unit/local/pulumi/test_automation.py",)
"""Tests whose processes count for the coverage: they go through all of the emulated engine. The others would go through it
again and again, and take longer for it."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with pytest.MonkeyPatch.context() as environment:
        if not item.nodeid.startswith(PROCESSES_TRACED):
            environment.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # by which coverage finds itself in a process
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _has_a_fixture_of_its_module(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    yield
    for item in items:
        named = getattr(item, "_nodeid", item.nodeid)
        if named != item.nodeid:
            item._id = type(item._id).parse(named)  # there is no public way


def _has_a_fixture_of_its_module(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
        return False
    definitions = item._fixtureinfo.name2fixturedefs.values()
    return any(definition.scope == "module" for chain in definitions for definition in chain)
