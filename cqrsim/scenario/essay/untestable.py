"""What the essay claims of people, effort, names and habits: not for a simulator."""

from __future__ import annotations

from collections.abc import Iterator

from cqrsim.scenario.claims import Claim

_CLAIMS = (
    (
        "waiting_is_simplest",
        "Waiting for the validation is the simplest way, and the one that beginners feel at home with.",
        "Feedback, case 1",
        "it is about people and their habits",
    ),
    (
        "waiting_is_a_dependence",
        "Whoever waits depends on one more part.",
        "Feedback, case 1",
        'the essay does not say on which part; here every client needs the handler, if only to be told "received"',
    ),
    (
        "one_event_or_several",
        "It is open to debate whether a command may yield several events.",
        "CQRS, definitions",
        "it takes no side, so that nothing could contradict it",
    ),
    (
        "random_ids_suffice",
        "A random identifier is enough to tell commands apart.",
        "Feedback, case 2",
        "ids never collide here; that random ones hardly do is a matter of counting",
    ),
    (
        "combining_is_complex",
        "Combining cases makes a system more complex.",
        "Feedback, case 4",
        "complexity is a matter of code and people; that more messages are sent is tested in cases_combine",
    ),
    (
        "customers_make_more_mistakes",
        "Customers who come through an API make more mistakes than your own web tier.",
        "Who is the client",
        "how many mistakes clients make is put in; what follows from it is tested",
    ),
    (
        "validation_is_written_twice",
        "Validation before sending has to be written twice.",
        "Who is the client",
        "it is about effort",
    ),
    (
        "projections_are_quick_to_query",
        "Projections can be queried quickly.",
        "CQRS, definitions",
        "a query takes no time here but that of its messages: it is put in",
    ),
    (
        "own_store_needs_migrations",
        "A relational store of the handler's own has to be migrated when the system is upgraded.",
        "State, case 1",
        "it is about effort, and events have no schema here",
    ),
    (
        "store_lives_long",
        "The event store can have a long and slow life, while handlers come and go.",
        "State and life cycles",
        "a run lasts seconds, and how long a part is kept is a decision, not an effect",
    ),
    (
        "synchronous_is_simpler",
        "Synchronous writes are simpler.",
        "Rewind's implementation",
        "it is about effort",
    ),
)


def claims() -> Iterator[Claim]:
    """Each with its reason."""
    for name, says, section, reason in _CLAIMS:
        yield Claim(name, says, section, untestable=reason)
