"""One running instance of one shard of the command handler: what it holds in memory, and loses when it dies."""

from collections import deque
from collections.abc import Callable

from cqrsim.actors.journey import Journey
from cqrsim.actors.rules import Streams
from cqrsim.actors.turns import Turns
from cqrsim.messages import Part
from cqrsim.moments import NEVER


class Instance:
    """Its state, its turns, and whether it is there.

    While ``is_away`` nothing happens in it: what was to happen is put off (paused) or dropped (dead, or not yet up).
    """

    def __init__(self, shard: int, number: int, state: Streams, turns: Turns) -> None:
        self.shard = shard
        self.number = number
        """Instances of a shard are counted from 0."""
        self.state = state
        self.turns = turns
        self.is_away = False
        self.is_paused = False
        self.is_dead = False
        self.is_up = True
        """It has its state, and takes commands."""
        self.is_starting = False
        self.comes_as = int(Part.HANDLER)
        """Whether it comes after another one, or beside it (INSTANCE)."""
        self.has_been_up = True
        self.down_by = NEVER
        self.holds_while_down = True
        self.replaced_by = NEVER
        """The fault for which a newer instance has taken its place."""
        self.held: deque[Callable[[], None]] = deque()
        """What waits for it to come up."""
        self.put_off: deque[Callable[[], None]] = deque()
        """What waits for the end of its pause."""
        self.journeys: dict[int, Journey] = {}
        """What it has in hand, where that may be lost."""
        self.since = 0
        """Position from which it hears events by itself; those before it has read."""
        self.heard_up_to = NEVER
        """Position of the last event of its shard that it has heard of."""
        self.known: set[Journey] = set()
        """What it has heard of or read, where it keeps count."""
        self.unflushed: list[Journey] = []
        """Events that it has read from the log although they were not flushed."""
        self.is_catching_up = False
        self.heard: list[Journey] = []
        """Events that were published while it read the log."""

    def defer(self, act: Callable[[], None]) -> None:
        """It is away: do this later, or never."""
        if self.is_paused and not self.is_dead:
            self.put_off.append(act)

    def do(self, act: Callable[[], None]) -> None:
        """Do this now, if it is there; else later, or never."""
        if self.is_away:
            self.defer(act)
        else:
            act()

    def let_in(self) -> None:
        """Take what has waited for it."""
        held, self.held = self.held, deque()
        for again in held:
            again()

    def die(self) -> list[Journey]:
        """Nothing that it had in hand goes on; returns that."""
        self.is_away, self.is_dead, self.is_up = True, True, False
        lost, self.journeys = list(self.journeys.values()), {}
        return lost

    def pause(self) -> None:
        """Stand still."""
        self.is_away, self.is_paused = True, True

    def resume(self) -> None:
        """Go on as if nothing had been, until it is paused again: then the rest is put off behind what it was at."""
        if self.is_dead:
            return
        self.is_away, self.is_paused = False, False
        put_off, self.put_off = self.put_off, deque()
        while put_off and not self.is_away:
            put_off.popleft()()
        if self.is_away:
            self.put_off.extend(put_off)
        else:
            self.let_in()
