"""One fault strikes an append while a second command follows that excludes it: what each state design suffers.

The table says for each fault and design which anomalies of state must always occur, and which may; nothing else
occurs, at any spacing of the two commands.
"""

from collections.abc import Iterator

import pytest

import cqrsim as cq
from cqrsim import ms, seconds

DESIGNS: dict[str, cq.AnyState] = {
    "1 own store first": cq.OwnStore(save=ms(1)),
    "2a": cq.FromPublished(),
    "2a, timeout": cq.FromPublished(give_up_after=ms(40)),
    "2b fire and forget": cq.FromGenerated(wait=False),
    "2b acknowledged": cq.FromGenerated(give_up_after=ms(40)),
    "2b careful": cq.FromGenerated(careful=True, give_up_after=ms(40)),
}

FAULTS: dict[str, cq.AnyFault | None] = {
    "none": None,
    "refused": cq.WriteErrors(share=1, at=seconds(1), lasts=ms(4)),
    "late_ok": cq.Stall(at=ms(1002), lasts=ms(100)),
    "lost append": cq.LostMessages(link="handler->store", share=1, at=seconds(1), lasts=ms(4)),
    "lost answer": cq.LostMessages(link="store->handler", share=1, at=seconds(1), lasts=ms(8)),
    "lost publication": cq.LostMessages(link="store->projection", share=1, at=seconds(1), lasts=ms(8)),
}

Cell = tuple[set[str], set[str]]
"""What always occurs, and what may occur besides."""

NOTHING: Cell = (set(), set())
TABLE: dict[str, dict[str, Cell]] = {
    "none": dict.fromkeys(DESIGNS, NOTHING),
    "refused": dict.fromkeys(DESIGNS, NOTHING)
    | {"1 own store first": ({"AHEAD", "WREJ"}, set()), "2b fire and forget": ({"AHEAD", "WREJ"}, set())}
    | {"2a": ({"STUCK"}, set())},
    "late_ok": dict.fromkeys(DESIGNS, NOTHING)
    | {"2a, timeout": (set(), {"DBL"}), "2b acknowledged": (set(), {"BEHIND", "DBL"})},
    "lost append": dict.fromkeys(DESIGNS, NOTHING)
    | {"1 own store first": ({"AHEAD", "WREJ"}, set()), "2b fire and forget": ({"AHEAD", "WREJ"}, set())}
    | {"2a": ({"STUCK"}, set())},
    "lost answer": dict.fromkeys(DESIGNS, NOTHING) | {"2b acknowledged": ({"BEHIND", "DBL"}, set())},
    "lost publication": dict.fromkeys(DESIGNS, ({"PGAP"}, set())),
}

OF_STATE = {"AHEAD", "BEHIND", "DBL", "DUP", "WREJ", "PHANTOM", "PGAP", "STUCK"}
"""Anomalies of state: they do not depend on how clients are told."""

SPACINGS_MS = (6, 9, 20, 39, 41, 45, 60, 95, 110, 150, 250)
"""When the second command follows; the first is written within 6 ms unless something is wrong."""

FEEDBACK: dict[str, cq.AnyFeedback] = {
    "decided": cq.SyncValidation(),
    "written": cq.SyncValidation(answer_at="written"),
    "event": cq.ForwardEvent(),
    "silence": cq.Silence(reload=ms(10), patience=seconds(1)),
    "cache": cq.ErrorCache(keep_for=seconds(1)),
}


def script(state: cq.AnyState, fault: cq.AnyFault | None, spacing_ms: float, **parts: object) -> cq.Scenario:
    """Two commands that create the same thing, the second a while after the first, and one fault at the first."""
    hop = ms(1)
    return cq.Scenario(
        clients=cq.Clients(cq.Recorded(times=(seconds(1), seconds(1) + ms(spacing_ms))), changes=1),
        state=state,
        rule=cq.Range(0, 1),
        aggregates=cq.Evenly(1),
        network=cq.Network(
            handler_to_store=hop, store_to_handler=hop, store_to_subscriber=hop, store_to_projection=hop
        ),
        disk=cq.Disk(write=ms(2)),
        faults=() if fault is None else (fault,),
        length=seconds(2),
        **parts,  # type: ignore[arg-type]
    )


def anomalies(scenario: cq.Scenario) -> set[str]:
    found = cq.simulate(scenario, seed=1).anomalies()
    return set(found.loc[found["count"] > 0, "kind"]) & OF_STATE


def cells() -> Iterator[tuple[str, str]]:
    for fault in FAULTS:
        for design in DESIGNS:
            yield fault, design


@pytest.mark.parametrize(("fault", "design"), list(cells()))
def test_cell(fault: str, design: str) -> None:
    """Every "always" is seen at every spacing, and nothing outside of "may" at any."""
    always, may = TABLE[fault][design]
    seen = [anomalies(script(DESIGNS[design], FAULTS[fault], spacing)) for spacing in SPACINGS_MS]
    for spacing, found in zip(SPACINGS_MS, seen, strict=True):
        assert always <= found <= always | may, f"second command after {spacing} ms"
    if may:
        assert set().union(*seen) - always, "what may occur does occur at some spacing"


@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize("fault", ["refused", "late_ok", "lost answer"])
def test_anomalies_of_state_do_not_depend_on_feedback(fault: str, feedback: str) -> None:
    """However clients are told, the log and the handler come to the same end (no retries)."""
    for state in DESIGNS.values():
        for spacing in (9, 60):
            plain = script(state, FAULTS[fault], spacing)
            assert anomalies(plain) == anomalies(plain.with_(feedback=FEEDBACK[feedback]))


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("fault", ["late_ok", "lost answer", "lost append", "refused"])
def test_a_version_check_ends_double_accepts(fault: str, design: str) -> None:
    """With the version check no two commands are accepted of which only one was valid."""
    store = cq.EventStore(check_version=True)
    for spacing in SPACINGS_MS:
        assert "DBL" not in anomalies(script(DESIGNS[design], FAULTS[fault], spacing, store=store))


def test_dedupe_ends_duplicates() -> None:
    """A retry after a lost answer stores the command twice, unless the store remembers its id."""
    clients = cq.Clients(cq.Recorded(times=(seconds(1),)), patience=ms(50), retries=cq.Retries(at_most=2, first=ms(10)))
    lost = cq.LostMessages(link="handler->client", share=1, at=seconds(1), lasts=ms(30))
    plain = cq.Scenario(
        clients=clients, faults=(lost,), aggregates=cq.Evenly(1), length=seconds(2),
        feedback=cq.SyncValidation(answer_at="written"), disk=cq.Disk(write=ms(2)),
    )  # fmt: skip
    assert "DUP" in anomalies(plain)
    assert anomalies(plain.with_(store=cq.EventStore(dedupe=True))) == set()
