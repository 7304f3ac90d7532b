"""Every fault by itself: both engines let it strike in the same way."""

import pytest

import cqrsim as cq
from contract.agreement import agreed
from contract.faults import EFFECTS, OTHERS, Alone, alone, short_forms, short_kinds
from contract.systems import busy, curious
from cqrsim.scenario.effects import MANNERS, AnyEffect
from cqrsim.scenario.triggers import OfOperations, Trigger

CALM, CURIOUS = busy(), curious()
SEED = 4
ONLY_LOOKS = ("client->store", "client->cache", "cache->client", "client->projection", "projection->client")
"""Who looks is not doubled: only what is said by itself."""


@pytest.fixture(scope="module")
def calm() -> str:
    """The run in which nothing goes wrong."""
    return agreed(CALM, SEED).digest()


@pytest.fixture(scope="module")
def curious_calm() -> str:
    """The same of clients that look everywhere."""
    return agreed(CURIOUS, SEED).digest()


@pytest.mark.parametrize("fault", list(short_forms()), ids=repr)
def test_every_short_form(fault: cq.AnyFault, calm: str, curious_calm: str) -> None:
    """Equal digests; and in one of two systems it is not for nothing."""
    struck = agreed(CALM.with_faults(fault), SEED).digest() != calm
    looks = isinstance(fault, cq.DuplicateMessages) and fault.link in ONLY_LOOKS
    assert agreed(CURIOUS.with_faults(fault), SEED).digest() != curious_calm or struck or looks


@pytest.mark.parametrize("what", EFFECTS, ids=lambda what: type(what).__name__)
def test_every_effect_by_every_trigger(what: AnyEffect, calm: str) -> None:
    """Equal digests; and each of them does something."""
    idle = [str(fault) for fault in alone((what,), everywhere=False) if not does_something(fault, calm)]
    assert not idle


@pytest.mark.long
@pytest.mark.parametrize("what", EFFECTS + OTHERS, ids=repr)
def test_every_effect_everywhere(what: AnyEffect) -> None:
    """At all places, for a while and to the end."""
    for fault in alone((what,), everywhere=True):
        agreed(fault.scenario(), SEED)


def does_something(fault: Alone, calm: str) -> bool:
    return agreed(fault.scenario(), SEED).digest() != calm


def test_all_there_is_has_its_turn() -> None:
    """A new short form, effect or trigger is missed here."""
    assert {fault.kind for fault in short_forms()} == short_kinds()
    assert {type(what) for what in EFFECTS} == set(MANNERS) - {cq.Custom}
    assert {type(what) for what in OTHERS} <= {type(what) for what in EFFECTS}
    found = {type(fault.when) for what in EFFECTS for fault in alone((what,), everywhere=False)}
    known = {kind for kind in [*Trigger.__subclasses__(), *OfOperations.__subclasses__()] if kind is not OfOperations}
    assert found == known - {cq.When}
