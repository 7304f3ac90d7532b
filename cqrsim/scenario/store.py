"""The event store and its disk: how events become durable, and who may rely on it when."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cqrsim.errors import Problem, UnitError
from cqrsim.scenario.checks import Checked, Count, Maybe, PositiveDuration, PositiveSize, YesNo
from cqrsim.scenario.distributions import DistributionSetting
from cqrsim.scenario.values import Known, Settings, setting, value
from cqrsim.units import Duration, seconds


def _flush(given: Any) -> str | Duration:
    if given in ("group", "each") and isinstance(given, str):
        return str(given)
    try:
        every = Duration.accept(given)
    except UnitError as error:
        known = isinstance(given, str) and not any(letter.isdigit() for letter in given)
        reason = ' such as "100ms"' if known else f": {error}"
        raise ValueError(f'must be "group", "each", or a duration{reason}') from None
    if not every:
        raise ValueError('must be a duration of more than 0; to flush for every append write "each"')
    return every


_SCHEMA = {"anyOf": [{"enum": ["group", "each"]}, Duration.json_schema()]}

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    FlushSetting: TypeAlias = Accepts[Literal["group", "each"] | Duration, Literal["group", "each"] | Duration]
else:
    FlushSetting = Annotated[Any, Checked(_flush, '"group", "each", or a duration', _SCHEMA)]


@value
class EventStore(Settings):
    """The event store appends one batch at a time, answers, publishes, and lets streams be read.

    >>> from cqrsim.units import ms
    >>> EventStore(batch_window=ms(2), batch_at_most=None).flush
    'group'
    """

    batch_window: Duration = Duration(0)
    """How long an append waits for others to share its write, from when the store is free and the first one waits."""
    batch_at_most: Maybe[Count] = 1
    """Appends that may share a write; "none": no limit."""
    flush: FlushSetting = setting(default="group")
    """When written bytes are forced to the disk: once for a batch, for each append, or every so often."""
    answer_after: Literal["flush", "write"] = "flush"
    """With a periodic flush: whether the handler is answered when its events are durable, or already when written."""
    publish: Literal["after_durable", "before_durable"] = "after_durable"
    """Whether events are published when they are durable, or when their write begins, so that lags can be negative."""
    check_version: YesNo = False
    """Whether an append is refused that expects another version; with LoadDecideAppend it always is."""
    dedupe: YesNo = False
    """Whether a command id that is stored already is answered as written, and not stored again."""
    snapshot_every: Maybe[Count] = None
    """Events between snapshots, which shorten the reading of a stream; "none": no snapshots."""
    read: DistributionSetting = setting(default=Duration(0))
    """Time to read a stream, however short."""
    read_per_event: Duration = Duration(0)
    """Time for each event read."""
    on_error: Literal["continue", "poison", "exit"] = "continue"
    """What the store does after the disk's error: it goes on, refuses every append until it is started again (by a
    crash or by the judgement), or exits and starts again by itself.  A full disk is no error: it is a clean answer."""
    restart: DistributionSetting = setting(default=seconds(5))
    """Time that a store takes to start again that has exited."""
    retry_flush: YesNo = False
    """Whether a flush that failed is tried again, and believed if it then succeeds."""
    recover: Literal["truncate", "refuse"] = "truncate"
    """What a restart does about a bad record: it cuts the log off there, or refuses to start."""
    reads: Literal["answered", "flushed", "written"] = "answered"
    """What reading a stream shows: what has been answered (``answer_after``), only what is flushed, or already what is
    written."""
    dedupe_for: Maybe[PositiveDuration] = None
    """How long command ids are remembered for ``dedupe``; "none": for ever."""
    dedupe_at_most: Maybe[Count] = None
    """How many command ids are remembered for ``dedupe``, the latest; "none": all."""
    fencing: YesNo = False
    """Whether appends are refused that come from an instance of a handler that has been replaced."""
    republish: YesNo = False
    """Whether a store that starts again publishes what it finds in its log and had not published."""

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Settings that would have no effect."""
        early = known.has("flush", "answer_after") and known.answer_after == "write"
        if early and not isinstance(known.flush, Duration):
            yield Problem("answer_after", "write", 'belongs to a periodic flush, such as flush = "10ms"')
        if known.has("batch_window", "batch_at_most") and known.batch_window and known.batch_at_most == 1:
            message = "waits for others, so batch_at_most must be more than 1"
            yield Problem("batch_window", known.batch_window, message)
        for name in ("dedupe_for", "dedupe_at_most"):
            if known.has("dedupe", name) and known.fields[name] is not None and not known.dedupe:
                yield Problem(name, known.fields[name], "needs dedupe = true: else no command id is remembered")


@value
class Disk(Settings):
    """The event store's disk.

    >>> from cqrsim.scenario.distributions import LogNormal
    >>> from cqrsim.units import gb, ms
    >>> Disk(write=LogNormal(p50=ms(1.5), p99=ms(8)), capacity=gb(50)).flush
    Constant(value=seconds(0))
    """

    write: DistributionSetting = setting(default=Duration(0))
    """Time of one write."""
    flush: DistributionSetting = setting(default=Duration(0))
    """Time of one flush."""
    per_kib: Duration = Duration(0)
    """Time for each 1024 bytes written."""
    capacity: Maybe[PositiveSize] = None
    """Bytes for events and error events together; "none": no limit."""
