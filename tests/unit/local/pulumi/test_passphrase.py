"""The passphrase secrets provider: what it seals, and which salt a new stack takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud_local.pulumi import passphrase
from cloud_local.pulumi.errors import PulumiError
from cloud_local.pulumi.passphrase import Crypter


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    known = dict(passphrase.known_keys()), dict(passphrase.known_salts())
    for memory in (passphrase.known_keys(), passphrase.known_salts()):
        memory.clear()
    yield
    passphrase.known_keys().update(known[0])
    passphrase.known_salts().update(known[1])


def salt(crypter: Crypter) -> str:
    return crypter.state.split(":")[1]


def test_new_stacks_of_one_passphrase_share_a_salt_and_nothing_that_is_sealed() -> None:
    first, second = Crypter.create("correct horse"), Crypter.create("correct horse")
    assert salt(first) == salt(second)
    assert first.state != second.state
    assert first.encrypt("a") != second.encrypt("a")
    assert len(passphrase.known_keys()) == 1
    assert second.decrypt(first.encrypt("a")) == "a"


def test_another_passphrase_has_another_salt_and_opens_nothing() -> None:
    mine, other = Crypter.create("correct horse"), Crypter.create("battery staple")
    assert salt(mine) != salt(other)
    with pytest.raises(PulumiError, match="incorrect passphrase"):
        Crypter("battery staple", mine.state).decrypt(mine.encrypt("a"))


def test_a_key_that_was_prepared_is_the_one_that_a_new_stack_takes() -> None:
    passphrase.prepare("correct horse")
    prepared = dict(passphrase.known_keys())
    Crypter.create("correct horse").verify()
    assert passphrase.known_keys() == prepared


def test_a_stack_keeps_the_salt_that_it_was_made_with() -> None:
    made = Crypter.create("correct horse")
    sealed = made.encrypt("a")
    passphrase.known_salts().clear()
    assert salt(Crypter.create("correct horse")) != salt(made)
    assert Crypter("correct horse", made.state).decrypt(sealed) == "a"
