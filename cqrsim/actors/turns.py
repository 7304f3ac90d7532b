"""Who may go: one command at a time for each turn, and no more at once than there are workers."""

from collections import deque

from cqrsim.actors.clock import Act
from cqrsim.actors.journey import Journey
from cqrsim.plan.answers import Turn
from cqrsim.plan.parts import HandlerPlan


class Shard:
    """One instance of the handler: its free workers and who waits for one."""

    __slots__ = ("free_workers", "ready", "waiting")

    def __init__(self, workers: int) -> None:
        self.free_workers = workers
        self.ready: deque[Journey] = deque()
        """Those that have the turn of their aggregate, and wait for a worker."""
        self.waiting = 0
        """Received and not yet admitted."""


class Turns:
    """Lets commands in: first the turn (of an aggregate, a shard, everything), then a worker of the shard.

    ``admit(journey)`` is called when a command has both.
    """

    def __init__(self, plan: HandlerPlan, admit: Act) -> None:
        self.admit = admit
        self.queue_limit = plan.queue_limit
        self.worker_waits = plan.worker_waits
        self.of_aggregate = plan.turn == Turn.AGGREGATE
        self.of_shard = plan.turn == Turn.SHARD
        self.are_taken = plan.turn != Turn.NONE
        self.workers = plan.workers
        self.shards = [Shard(plan.workers) for _ in range(plan.shards)]
        self.behind: dict[int, deque[Journey]] = {}
        """Who waits behind the one that has the turn, by the turn's key."""
        self.holders: dict[int, Journey] = {}
        """Who has the turn."""

    def waiting_in(self, shard: int) -> int:
        """How many have been received by a shard and not yet admitted."""
        return self.shards[shard].waiting

    def drop_dead(self, shard: int) -> None:
        """An instance of a shard has died, and other shards share these turns with it: none of its own waits here."""
        workers = self.shards[shard]
        workers.ready.clear()
        workers.waiting, workers.free_workers = 0, self.workers
        for key, behind in list(self.behind.items()):
            alive = deque(journey for journey in behind if not journey.home.is_dead)
            self.behind[key] = alive
            if self.holders[key].home.is_dead:
                self._next_of(key)

    def are_full(self, journey: Journey) -> bool:
        """Whether the shard takes no more: where nobody may wait, unless the command can begin at once."""
        if self.queue_limit == 0:
            return not self._can_begin(journey)
        return 0 < self.queue_limit <= self.shards[journey.shard].waiting

    def _can_begin(self, journey: Journey) -> bool:
        """Whether its turn and a worker are free."""
        if self.shards[journey.shard].free_workers == 0:
            return False
        return not self.are_taken or self._key_of(journey) not in self.behind

    def _key_of(self, journey: Journey) -> int:
        """Within what it goes one at a time."""
        return journey.aggregate if self.of_aggregate else journey.shard if self.of_shard else journey.key

    def enter(self, journey: Journey) -> None:
        """A command waits for its turn."""
        self.shards[journey.shard].waiting += 1
        if not self.are_taken:
            self._ready(journey)
            return
        journey.key = self._key_of(journey)
        behind = self.behind.get(journey.key)
        if behind is None:
            self.behind[journey.key] = deque()
            self.holders[journey.key] = journey
            self._ready(journey)
        else:
            behind.append(journey)

    def enter_again(self, journey: Journey) -> None:
        """A command that still has the turn goes through another attempt; a worker that waits is still with it."""
        self.shards[journey.shard].waiting += 1
        if self.worker_waits:
            self._let_in(journey)
        else:
            self._ready(journey)

    def _ready(self, journey: Journey) -> None:
        shard = self.shards[journey.shard]
        if shard.free_workers > 0:
            shard.free_workers -= 1
            self._let_in(journey)
        else:
            shard.ready.append(journey)

    def _let_in(self, journey: Journey) -> None:
        self.shards[journey.shard].waiting -= 1
        self.admit(journey)

    def is_decided(self, journey: Journey) -> None:
        """The worker has done its part, unless it waits for the end of the turn."""
        if not self.worker_waits:
            self._free_worker(journey)

    def pass_on(self, journey: Journey) -> None:
        """The turn goes to the next."""
        if self.worker_waits:
            self._free_worker(journey)
        if self.are_taken:
            self._next_of(journey.key)

    def _next_of(self, key: int) -> None:
        behind = self.behind[key]
        if behind:
            self.holders[key] = following = behind.popleft()
            self._ready(following)
        else:
            del self.behind[key], self.holders[key]

    def _free_worker(self, journey: Journey) -> None:
        shard = self.shards[journey.shard]
        if shard.ready:
            self._let_in(shard.ready.popleft())
        else:
            shard.free_workers += 1
