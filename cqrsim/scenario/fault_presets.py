"""What goes wrong in the field, in a cloud, and in a nightmare: faults with known rates, to be added by hand.

No scenario has them by itself, and they are not to be mixed unseen: each fault's name begins with its preset.  Each
figure says where it comes from, or that it is assumed.
"""

from collections.abc import Iterable, Iterator

from cqrsim.errors import Problem, ScenarioError
from cqrsim.scenario.checks import number
from cqrsim.scenario.distributions import Exponential, Mixture, Uniform
from cqrsim.scenario.effects import (
    Ambiguous,
    Corrupt,
    Crash,
    Delay,
    Die,
    Drop,
    Duplicate,
    FlushError,
    Promote,
    Refuse,
    Slow,
)
from cqrsim.scenario.fault import Fault
from cqrsim.scenario.triggers import Every, PerOperation, Renewal
from cqrsim.units import Duration, days, hours, minutes, ms, seconds

YEAR = days(365)

CORE_LINKS = ("client->handler", "handler->client", "handler->store", "store->handler", "store->projection")
"""The way of a command, its answer, and its event."""

_POSITIVE = number("a number of more than 0", 0.0, above=True)


def field(power_losses: float = 1.5, slow_share: float = 0.004) -> tuple[Fault, ...]:
    """Make the faults of one machine with one disk, at the rates that are seen: nearly none within a notebook's runs.

    They are for estimates over months and years.  ``power_losses`` are a year's, ``slow_share`` is of the time.

    * Power loss: 1 to 2 a year, an order of magnitude and no study's result.  Assumed: 5 minutes until the machine is
      back, and a write that was under way may be torn, as SSDs did under power cuts (FAST 2013).
    * Disk failure: 1.5 % a year (Backblaze: 1.57 % of some 300,000 hard disks in 2024).  It never answers again.
    * Fail-slow: 0.15 % a year (Perseus: 304 of 248,000 drives within 10 months).  Assumed: 10 times slower, for a week
      on average, until somebody replaces it.
    * Slow: more than twice as slow as its peers for 0.2 % (hard disks) to 0.6 % (SSDs) of the time (FAST 2016, 857
      million drive hours).  Assumed: twice as slow, for an hour on average, which is how finely the study counted.
    * Latent sector error: 1.3 % of disks a year (SIGMETRICS 2007: 3.45 % of 1.53 million disks within 32 months).  A
      checksum notices it when the store next starts.  Assumed: one record, although real ones come in bursts.

    What strikes less than once in a lifetime comes at a time drawn evenly, so that its chance is the same each year.

    >>> [fault.name for fault in field()][:2]
    ['field: power loss', 'field: disk failure']
    """
    losses, share = _positive("power_losses", power_losses), _positive("slow_share", slow_share, at_most=0.5)
    power = Crash(power=True, restart=minutes(5), tears=True)
    slow_hours = Renewal(Exponential(hours(1 / share - 1)), Exponential(hours(1)))
    return (
        Fault(power, Renewal(Exponential(YEAR / losses), Duration(0)), name="field: power loss"),
        Fault(Die(), _each_year(0.015), at_most=1, name="field: disk failure"),
        Fault(Slow(10), _seldom(0.0015, lasts=days(7)), name="field: fail-slow"),
        Fault(Slow(2), slow_hours, name="field: slow"),
        Fault(Corrupt(records=1, detected=1.0), _each_year(0.013), name="field: latent sector error"),
    )


def _each_year(share: float) -> Every:
    """Once in 1/share years, at any time in them: each of these years has that share."""
    period = days(round(365 / share))
    return Every(period, start=Duration(0), jitter=period)


def _seldom(share: float, lasts: Duration) -> Renewal:
    """The same for what comes less than once in 292 years, which no duration can say."""
    long = 200
    up = Mixture([(share * long, Uniform(Duration(0), YEAR * long)), (1 - share * long, YEAR * long)])
    return Renewal(up, Exponential(lasts))


def cloud(episodes: float = 1.0, fail_overs: float = 1.0) -> tuple[Fault, ...]:
    """Make the hiccups of a volume that a cloud provides; errors of its media are the provider's affair.

    ``episodes`` are a day's, ``fail_overs`` a month's.

    * Slow episode: 0.1 to 3 a day, each of 1 to 10 minutes, with 200 to 500 ms for writes that else take a few
      (PlanetScale 2025, of AWS's gp3; promised is 90 % of the speed for 99 % of the time: 14 minutes a day may be
      slower).  Each flush takes as much, too.  A store that writes one append at a time gets through 3 a second then.
    * Fail-over: 5 to 60 s during which nobody answers, an order of magnitude.  Assumed: one a month, and a replica that
      lacks nothing.

    >>> [fault.name for fault in cloud(episodes=3)]
    ['cloud: slow episode', 'cloud: fail-over']
    """
    lasts = Uniform(minutes(1), minutes(10))
    between = days(1) / _positive("episodes", episodes, at_most=100) - Duration(int(lasts.mean_ns()))
    switch = Promote(switch=Uniform(seconds(5), seconds(60)))
    month = YEAR / 12 / _positive("fail_overs", fail_overs)
    return (
        Fault(Slow(added=Uniform(ms(200), ms(500))), Renewal(Exponential(between), lasts), name="cloud: slow episode"),
        Fault(switch, Renewal(Exponential(month), Duration(0)), name="cloud: fail-over"),
    )


def hostile(intensity: float = 1.0, links: Iterable[str] = CORE_LINKS) -> tuple[Fault, ...]:
    """Make more trouble within a second than machines have in years, to try what must hold whatever happens.

    ``intensity`` multiplies shares and rates of crashes.  Shares stop at limits as TigerBeetle's simulator VOPR has
    them: 10 % faulty writes, 30 % of messages lost, 50 % doubled.  All else is chosen, not measured.  At 1.0:

    * of writes 2 % are refused, 2 % fail although half of these are kept, 1 % take 100 ms longer on average; of flushes
      1 % fail;
    * of the messages on each of ``links`` 5 % are lost, 5 % doubled, 5 % delayed by 100 ms on average;
    * power losses that may tear a write, crashes of the store, of all handlers and of all projections come every 800 ms
      on average, each: one every 200 ms.  Each is back after 20 ms.

    >>> len(hostile()), len(hostile(0.1, links=["store->projection"]))
    (23, 11)
    """
    scale = _positive("intensity", intensity)
    return (*_hostile_disk(scale), *_hostile_messages(scale, links), *_hostile_crashes(scale))


def _hostile_disk(scale: float) -> Iterator[Fault]:
    for name, effect, share, limit in (
        ("refused writes", Refuse(), 0.02, 0.05),
        ("ambiguous writes", Ambiguous(kept=0.5), 0.02, 0.05),
        ("failed flushes", FlushError(kept=0.5), 0.01, 0.1),
        ("slow writes", Slow(added=Exponential(ms(100))), 0.01, 0.1),
    ):
        yield Fault(effect, PerOperation(min(limit, scale * share)), name=f"hostile: {name}")


def _hostile_messages(scale: float, links: Iterable[str]) -> Iterator[Fault]:
    for link in links:
        for name, effect, limit in (
            ("lost", Drop(), 0.3),
            ("doubled", Duplicate(after=Exponential(ms(10))), 0.5),
            ("delayed", Delay(Exponential(ms(100))), 0.5),
        ):
            when = PerOperation(min(limit, scale * 0.05))
            yield Fault(effect, when, where=link, name=f"hostile: {name} {link.replace('.', ' ')}")


def _hostile_crashes(scale: float) -> Iterator[Fault]:
    when = Renewal(Exponential(ms(800) / scale), Duration(0))
    for name, where, power in (
        ("power loss", "store", True),
        ("store crash", "store", False),
        ("handler crash", "handlers", False),
        ("projection crash", "projections", False),
    ):
        crash = Crash(power=power, tears=power, restart=ms(20))
        yield Fault(crash, when, where=where, name=f"hostile: {name}")


def _positive(name: str, value: float, at_most: float | None = None) -> float:
    """The value, when it is a number above 0, and not above its limit."""
    try:
        found: float = _POSITIVE.accept(value)
    except ValueError as error:
        raise ScenarioError((Problem(name, value, str(error)),)) from None
    if at_most is not None and found > at_most:
        raise ScenarioError((Problem(name, value, f"must not be more than {at_most:g}"),))
    return found
