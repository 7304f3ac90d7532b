"""What a client remembers of one command, while it wants to know what became of it."""

from cqrsim.actors.journey import Journey


class Errand:
    """What a client remembers of one command."""

    tries = 0
    journey: Journey | None = None
    """The latest attempt."""
    answered = False
    looking_since = 0
    """Counts the times it began to look; looks of an earlier round are void."""
    over = False
    """It is informed, or has given up."""
    free = False
    """Its closed client has been told that it may go on."""

    def __init__(self, command: int, group: int, session: int) -> None:
        self.command = command
        self.group = group
        self.session = session
        self.known_ids: list[int] = []
        """The ids under which it knows its command: its own, or those that a handler has told it."""
