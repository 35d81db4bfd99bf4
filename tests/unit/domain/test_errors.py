"""The error tree: every class is mapped for every door."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from cloud import asl
from cloud.domain import errors
from cloud.domain.errors import CloudError, Problem, error_classes, from_dict

CLASSES = list(error_classes())
EXIT_CODES = {1, 3, 4, 5, 6}
"""1 a failure, 3 a wrong input, 4 not there, 5 the state does not allow it, 6 not allowed; 0 and 2 are the CLI's own."""


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class_says_how_the_doors_show_it(cls: type[CloudError]) -> None:
    assert "code" in vars(cls), "a class without a code of its own can't be read back"
    assert cls.code == cls.code.lower()
    assert 400 <= cls.http_status <= 599
    assert cls.exit_code in EXIT_CODES
    assert cls.__name__ in vars(errors)
    assert cls.__name__ in (errors.__doc__ or ""), "the tree is drawn at the top of the module"


def test_codes_and_names_are_unique() -> None:
    assert len({cls.code for cls in CLASSES}) == len(CLASSES)
    assert len({cls.__name__ for cls in CLASSES}) == len(CLASSES)


def test_what_is_retryable_is_what_the_state_machine_retries() -> None:
    retried = set(asl.retried_errors())
    for cls in CLASSES:
        assert (cls.__name__ in retried) is cls.retryable


def test_there_is_one_root_and_its_status_codes_speak_http() -> None:
    assert all(issubclass(cls, CloudError) for cls in CLASSES)
    by_name = {cls.__name__: cls for cls in CLASSES}
    wanted = {
        "ConfigurationError": (422, 3),
        "NotFound": (404, 4),
        "StaleWrite": (409, 5),
        "PreconditionFailed": (412, 5),
        "AuthError": (401, 6),
        "AccessDenied": (403, 6),
        "Throttled": (429, 1),
        "InternalError": (500, 1),
    }
    assert {name: (by_name[name].http_status, by_name[name].exit_code) for name in wanted} == wanted


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_error_is_read_back_as_it_was_written(cls: type[CloudError]) -> None:
    error = cls(
        "It is wrong.", hint="Mend it.", problems=[Problem("here", "a.b", "f", 3, 4, "x", "y")], stack="s", o=""
    )
    found = from_dict(error.to_dict())
    assert type(found) is cls
    assert str(found) == "It is wrong."
    assert found.to_dict() == error.to_dict()
    assert found.ids == {"stack": "s"}


def test_an_unknown_code_keeps_the_text() -> None:
    found = from_dict({"code": "of a later version", "message": "new"})
    assert (type(found), found.message, found.hint) == (CloudError, "new", "")


def test_a_problem_is_rendered_with_what_is_known() -> None:
    assert Problem("wrong").render() == "wrong"
    whole = Problem("wrong", "a.b", "m.yaml", 3, 7, "a number", "write 3")
    assert whole.render() == "m.yaml:3:7: a.b: wrong (expected a number; write 3)"
    assert Problem("wrong", suggestion="write 3").render() == "wrong (write 3)"
    assert asdict(Problem(**asdict(whole))) == asdict(whole)
