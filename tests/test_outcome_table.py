"""One fault strikes an append while a second command follows that excludes it: what each state design suffers.

The table says for each fault and design which anomalies of state must always occur, and which may; nothing else
occurs, at any timing.
"""

from collections.abc import Iterable, Mapping

import pytest

import cqrsim as cq
from cqrsim import ms
from cqrsim.experiments.outcome_tables.cures import CURES, PATIENCE, RETRIES
from cqrsim.experiments.outcome_tables.outcome_designs import FEEDBACKS, STATES
from cqrsim.experiments.outcome_tables.outcome_faults import OUTCOME_FAULTS

DESIGNS = tuple(STATES)
OWN_FIRST, EVENT_FIRST, PUBLISHED, TIMEOUT, FORGETS, ACKNOWLEDGED, CAREFUL, LOADS = DESIGNS
OWN = (OWN_FIRST, EVENT_FIRST)
LIVE = DESIGNS[:-1]
"""Designs that keep a state, which may part from the log."""

Row = dict[str, str]


def row(*parts: tuple[str | Iterable[str], str]) -> Row:
    """What befalls which designs; all others suffer nothing."""
    found = dict.fromkeys(DESIGNS, "-")
    for designs, text in parts:
        found |= dict.fromkeys([designs] if isinstance(designs, str) else designs, text)
    return found


NEVER_DURABLE = row(((*OWN, FORGETS), "AHEAD WREJ"), (PUBLISHED, "STUCK"))
"""Who folds before the append is durable is ahead, and refuses the second command for it; who waits without end for an
event that never comes holds the turn; all others notice by an answer or a timeout, and go on from what is true."""

KNOWN: dict[str, Row] = {
    "none": row(),
    "refused": NEVER_DURABLE,
    "late_ok": row((TIMEOUT, "dbl?"), (ACKNOWLEDGED, "behind? dbl?")),
    # The second append waits for the restart longer than its handler does.
    "crash_pre": NEVER_DURABLE | {ACKNOWLEDGED: "behind?"},
    "lost append": NEVER_DURABLE,
    "lost store answer": row((ACKNOWLEDGED, "BEHIND DBL")),
    "lost publication to projection": row((DESIGNS, "PGAP")),
}
"""The cells that are known from the meaning of the designs, whatever the simulator says."""

NEVER_HEARD_OF = row(
    (DESIGNS, "PGAP"),  # a store that finds an event at a restart does not publish it
    (PUBLISHED, "BEHIND PGAP STUCK"),
    (TIMEOUT, "BEHIND DBL PGAP"),
    (ACKNOWLEDGED, "BEHIND DBL PGAP"),
)
"""Durable, but nobody is told: who waits for an event or an answer in vain takes the append for failed."""

GONE_AGAIN = row((LIVE, "AHEAD PHANTOM, wrej?"), (LOADS, "PHANTOM"))
"""Durable, heard of, and then no more: whoever has folded it keeps it.  A second command that comes before the loss is
rightly refused."""

FOLLOWING: dict[str, Row] = {
    # Who looks again finds nothing, since it only shows after a restart: even the careful accept twice.
    "ambiguous": NEVER_HEARD_OF | {CAREFUL: "BEHIND DBL PGAP", LOADS: "DBL PGAP"},
    # As refused, but late: the append of the second command waits longer than its handler does.
    "late_err": NEVER_DURABLE | {ACKNOWLEDGED: "behind?"},
    "crash_post": NEVER_HEARD_OF,
    "false_ok": GONE_AGAIN,
    "failover_lag": GONE_AGAIN,
    "silent_change": GONE_AGAIN,
    "gone": {name: f"{'' if said == '-' else said} DOWN".strip() for name, said in NEVER_DURABLE.items()},
    # What was never decided, and what is only said to clients, parts no state from the log.
    "lost command": row(),
    "lost reply": row(),
    "lost refusal notice": row(),
    # Only those suffer who listen.
    "lost publication to handler": row((PUBLISHED, "BEHIND STUCK"), (TIMEOUT, "BEHIND DBL")),
    # The copy finds the state changed, and is refused.
    "duplicate command": row(),
    # Who loads checks versions; who listens hears of both; all others know of one.
    "duplicate append": row((DESIGNS, "BEHIND DUP"), ((PUBLISHED, TIMEOUT), "DUP"), (LOADS, "-")),
    # What is heard twice counts once.
    "duplicate publication": row(),
    "duplicate answer": row(),
    # Its own store has what will never be sent; a second command that died with the handler is not refused.
    "handler crash before sending": row((OWN_FIRST, "AHEAD, wrej?")),
    # The next instance reads the log before the append is in it, and is told only if it listens; what was not saved
    # in the own store is never known there.
    "handler crash while waiting": row(
        (EVENT_FIRST, "BEHIND DBL"),
        ((PUBLISHED, TIMEOUT), "dbl?"),
        ((FORGETS, ACKNOWLEDGED, CAREFUL), "behind? dbl?"),
    ),
    "handler crash after the answer": row(),
    # The newer instance decides on what it knows: of what the older one writes it hears if it listens, and never if
    # it lives by its own answers.  A common store tells it, once that is saved.
    "overlap": row(((EVENT_FIRST, PUBLISHED, TIMEOUT), "dbl?"), ((FORGETS, ACKNOWLEDGED, CAREFUL), "BEHIND, dbl?")),
    "zombie": row(((EVENT_FIRST, PUBLISHED, TIMEOUT), "dbl?"), ((FORGETS, ACKNOWLEDGED, CAREFUL), "BEHIND DBL")),
    # It reads the log again.
    "projection crash": row(),
}
"""The cells that follow from the same rules, with a reason each."""

TABLE = KNOWN | FOLLOWING
OF_ALL_SORTS = ("refused", "lost store answer", "failover_lag", "silent_change")
FEW = (ms(3), ms(400))
"""Before the first append is written, and when everything is over."""


def read(text: str) -> tuple[set[str], set[str]]:
    """What always occurs, and what may occur besides."""
    words = text.replace(",", " ").split()
    return {word for word in words if word.isupper()}, {word[:-1].upper() for word in words if word.endswith("?")}


def wrong(table: cq.OutcomeTable, expected: Mapping[str, Row], exactly: bool = True) -> list[str]:
    """Cells that are not as they should be, in words; if not ``exactly``, at few timings "may" proves nothing."""
    told = []
    for found in table.table().to_dict("records"):
        for design in table.designs:
            said, right = read(found[design]), read(expected[str(found["fault"])][design])
            fits = said == right if exactly else right[0] <= said[0] and said[0] | said[1] <= right[0] | right[1]
            if not fits:
                told.append(f"{found['fault']} / {design}: {found[design]}, not {expected[found['fault']][design]}")
    return told


def test_every_fault_and_design_has_a_cell() -> None:
    """The table is complete, and the known cells are among it."""
    assert set(TABLE) == set(OUTCOME_FAULTS) and len(KNOWN) == 7
    assert all(list(cells) == list(DESIGNS) for cells in TABLE.values())


@pytest.mark.parametrize("fault", KNOWN)
def test_known_cells(fault: str) -> None:
    """Every "always" is seen at every timing, every "may" at some, and nothing else at any."""
    assert wrong(cq.outcome_table(faults=[fault]), TABLE) == []


@pytest.mark.parametrize("fault", FOLLOWING)
def test_cells_that_follow(fault: str) -> None:
    """Every "always" is seen, and nothing outside of "may"."""
    assert wrong(cq.outcome_table(faults=[fault], spacings=FEW), TABLE, exactly=False) == []


@pytest.mark.long
@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_the_whole_table(feedback: str) -> None:
    """All faults, all designs, all timings: the same cells, however clients are told."""
    assert wrong(cq.outcome_table(cq.outcome_designs(feedback), n_jobs=None), TABLE) == []


@pytest.fixture(scope="module")
def decided() -> cq.OutcomeTable:
    return cq.outcome_table(faults=OF_ALL_SORTS, spacings=FEW)


@pytest.mark.parametrize("feedback", [name for name in FEEDBACKS if name != "decided"])
def test_anomalies_of_state_do_not_depend_on_feedback(decided: cq.OutcomeTable, feedback: str) -> None:
    """However clients are told, the log and the handler come to the same end (no retries)."""
    told_otherwise = cq.outcome_table(cq.outcome_designs(feedback), OF_ALL_SORTS, FEW)
    assert decided.table().equals(told_otherwise.table())


def kinds(table: cq.OutcomeTable, fault: str | None = None) -> set[str]:
    """All kinds of anomaly that occurred anywhere, or at one fault."""
    found = table.frame if fault is None else table.frame[table.frame["fault"] == fault]
    return set(found["anomaly"].astype(str))


def some(faults: Iterable[str], *cures: str) -> cq.OutcomeTable:
    return cq.outcome_table(faults=faults, spacings=FEW, cures=cures)


def test_a_version_check_ends_double_accepts_but_after_an_ambiguous_error() -> None:
    """No two commands are accepted of which only one was valid; what the store does not know it cannot check."""
    suffering = [fault for fault, cells in TABLE.items() if any("dbl" in cell.lower() for cell in cells.values())]
    table = some(suffering, "version check")
    assert {fault for fault in suffering if "DBL" in kinds(table, fault)} == {"ambiguous"}


def test_gap_detection_ends_gaps() -> None:
    """Who notices what is missing reads it, at the latest when the store starts again."""
    suffering = [fault for fault, cells in TABLE.items() if any("PGAP" in cell for cell in cells.values())]
    assert "PGAP" not in kinds(some(suffering, "gap detection"))
    assert kinds(some(["lost publication to handler"], "gap detection")) <= {"DBL"}


def test_dedupe_ends_duplicates() -> None:
    """Copies and retries are stored twice, unless the store remembers the command's id."""
    faults = ["duplicate append", "lost reply", "lost store answer"]
    designs = cq.outcome_designs("written", patience=PATIENCE, retries=RETRIES)
    plain = cq.outcome_table(designs, faults, FEW)
    assert "DUP" in kinds(plain, "duplicate append") and "DUP" in kinds(plain, "lost store answer")
    assert "DUP" not in kinds(cq.outcome_table(designs, faults, FEW, cures=["dedupe"]))


def test_poison_ends_double_accepts_after_an_ambiguous_error() -> None:
    """A store that does not trust itself takes nothing until it has looked."""
    assert "DBL" in kinds(some(["ambiguous"], "version check"))
    assert "DBL" not in kinds(some(["ambiguous"], "poison"))


def test_fencing_ends_what_replaced_instances_do() -> None:
    """Who lives by its own answers is never behind then; a state that was saved before is ahead instead."""
    table = some(["overlap", "zombie"], "fencing")
    assert not kinds(table) & {"DBL", "BEHIND"}
    assert table.cell("zombie", OWN_FIRST).get("AHEAD") == "always"


def test_who_says_that_it_does_not_know_makes_no_ghosts() -> None:
    """Told "unknown", clients do not take for failed what is durable; the careful have no doubt, and may be wrong."""
    faults = ["ambiguous", "late_ok", "crash_post", "lost store answer", "lost publication to handler"]
    designs = {name: design for name, design in cq.outcome_designs("written").items() if name != CAREFUL}
    assert "GHOST" in kinds(cq.outcome_table(designs, faults, FEW))
    assert "GHOST" not in kinds(cq.outcome_table(designs, faults, FEW, cures=["honest unknown"]))


def test_all_cures_together_leave_no_double_accepts_and_no_gaps() -> None:
    """What remains goes back to states that fold too early, to lies, and to what is down."""
    faults = ["ambiguous", "crash_post", "lost publication to projection", "duplicate append", "zombie"]
    assert not kinds(some(faults, *CURES)) & {"DBL", "DUP", "PGAP"}
