"""Clients: issue commands, hear of them, try again, give up."""

from cqrsim.engines.arrays import handling, journeys, links, looking, waits
from cqrsim.engines.arrays.agenda import after
from cqrsim.engines.arrays.luck import drawn
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import drop, hold, new
from cqrsim.engines.arrays.rows import note, row
from cqrsim.engines.arrays.words import *


def issue_open(m, command):
    """An open client issues, and the next one will when it is time."""
    behind = command + 1
    if behind < m[OPEN]:
        after(m, m[m[INTENDED] + behind] - m[TIME], M_ISSUED, behind, 0, 0, ISSUE_OPEN, behind, 0, 0, 0)
    issue(m, command, m[TIME])


def think(m, number, client, turn):
    """A closed client thinks, and issues its next command when it is due."""
    group = m[GROUPS] + number * GROUP_SIZE
    place = turn * m[group + G_CLIENTS] + client
    if place >= m[group + G_COUNT]:
        return
    issues = m[TIME] + m[m[group + G_THINK] + place]
    intended = issues
    if m[group + G_PACE] >= 0:
        intended = turn * m[group + G_PACE]
        issues = max(issues, intended)
    if intended < m[ARRIVALS_END]:
        command = m[group + G_FIRST] + place
        after(m, issues - m[TIME], M_ISSUED, command, 0, 0, ISSUE_CLOSED, command, intended, 0, 0)


def issue(m, command, intended):
    """A client wants something."""
    errand = new(m, ERRAND_SIZE)
    number = m[m[MARKS] + command] >> 2 & 0xFF
    m[errand + COMMAND], m[errand + GROUP] = command, number
    m[errand + SESSION_OF] = m[m[SESSION] + command]
    hold(m, errand)
    row(m, M_ISSUED, command, 0, number, 0, intended)
    check = m[m[GROUPS] + number * GROUP_SIZE + G_PRE_VALIDATION]
    if check == 0:
        send(m, errand)
    else:
        after(m, drawn(m, check, 0, command), M_SENT, command, 0, 0, PRE_VALIDATED, errand, 0, 0, 0)
    drop(m, errand)


def pre_validated(m, errand):
    """Its own check keeps a client from sending what is wrong in itself."""
    command = m[errand + COMMAND]
    if m[m[MARKS] + command] & 1 == 0:
        send(m, errand)
        return
    row(m, M_CAUGHT, command, 0, m[errand + GROUP], 0, 0)
    is_informed(m, errand, FAILURE, BY_OWN_CHECK, 0)


def send(m, errand):
    """Send the command, for the first time or again."""
    group, command, tries = journeys.group_of(m, errand), m[errand + COMMAND], m[errand + TRIES]
    journey = journeys.new_journey(m, errand)
    hold(m, journey)
    m[journey + IDENTITY] = command
    if m[group + G_AT_MOST] >= 0 and not (m[group + G_SAME_ID] == 1 and m[group + G_MAKES_ID] == 1):
        m[journey + IDENTITY] += tries * m[COMMANDS]
    m[journey + ATTEMPT] = tries * m[ATTEMPTS_PER_TRY]
    m[journey + LUCK] = tries % TRIES_WITH_LUCK
    m[errand + LATEST], m[errand + LATEST_ATTEMPT] = journey, m[journey + ATTEMPT]
    note(m, M_SENT, journey, m[errand + GROUP], 0, 0)
    if m[group + G_MAKES_ID] == 1:
        know(m, errand, m[journey + IDENTITY])
        if m[group + G_SOURCE_COUNT] > 0:
            looking.look_out(m, errand)
    waits.begin_to_wait(m, m[group + G_PATIENCE], errand, command, m[journey + ATTEMPT])
    connection = m[errand + SESSION_OF]
    if links.carry(
        m, links.route_of(m, TO_HANDLER), journey, M_RECEIVED, COMMAND_ARRIVES, connection, MAIN, 0, 0, 0, 0
    ):
        handling.receive(m, journey)
    drop(m, journey)


def know(m, errand, identity):
    """The client knows its command by this id, too."""
    if m[RECYCLES] == 1:
        m[errand + KNOWN_FIRST] = 1  # nobody looks, and there is but one id
        return
    cell = new(m, 2)
    m[cell] = identity
    if m[errand + KNOWN_FIRST] == 0:
        m[errand + KNOWN_FIRST] = cell
    else:
        m[m[errand + KNOWN_LAST] + 1] = cell
    m[errand + KNOWN_LAST] = cell


def knows(m, errand, identity):
    """Whether the client knows its command by this id."""
    if m[RECYCLES] == 1:
        return m[errand + KNOWN_FIRST] != 0
    cell = m[errand + KNOWN_FIRST]
    while cell:
        if m[cell] == identity:
            return True
        cell = m[cell + 1]
    return False


def hears_answer(m, journey):
    """The handler's answer has arrived."""
    errand, answer = m[journey + ERRAND], m[journey + ANSWER]
    group = journeys.group_of(m, errand)
    note(m, M_ANSWERED, journey, m[errand + GROUP], answer, 0)
    m[errand + ANSWERED] = 1
    if m[errand + OVER] == 0:
        if answer == GOT_IT:
            know(m, errand, m[journey + IDENTITY])
            if m[errand + LATEST] == journey and m[group + G_SOURCE_COUNT] > 0:
                looking.look_out(m, errand)
        elif answer == UNKNOWN:
            has_other_channels = m[group + G_SOURCE_COUNT] > 0 or m[group + G_PUSHED] == 1
            if not has_other_channels and m[journey + TRIES] == m[errand + TRIES]:
                loses_patience(m, errand, m[journey + ATTEMPT])
        else:
            learns(m, errand, answer, BY_REPLY, journey)
    if m[group + G_CLOSED] == 1:
        may_go_on(m, errand)


def hears_push(m, journey, answer):
    """An event was pushed; without the command's id the client cannot tell that it is its own."""
    errand = m[journey + ERRAND]
    if m[errand + OVER] == 0 and knows(m, errand, m[journey + IDENTITY]):
        learns(m, errand, answer, BY_PUSH, journey)


def has_looked(m, answer, channel, of):
    """A look has come back."""
    errand = m[of + ERRAND]
    if answer != NOTHING and m[errand + OVER] == 0:
        learns(m, errand, answer, channel, of)


def learns(m, errand, answer, channel, of):
    """It knows the outcome now, unless it takes a failure for a reason to try again."""
    if answer == FAILURE and m[of + RETRYABLE] == 1:
        if m[of + TRIES] != m[errand + TRIES]:
            return
        group = journeys.group_of(m, errand)
        if m[group + G_AFTER_FAILURE] == 1 and m[errand + TRIES] < m[group + G_AT_MOST]:
            try_again(m, errand)
            return
    is_informed(m, errand, answer, channel, m[of + ATTEMPT])


def is_informed(m, errand, answer, channel, attempt):
    """It knows what became of its command."""
    m[errand + OVER] = 1
    waits.stop_waiting(m, errand)
    row(m, M_INFORMED, m[errand + COMMAND], attempt, channel, answer, 0)
    group = journeys.group_of(m, errand)
    if answer == SUCCESS and m[group + G_READS] > 0:
        looking.plan_own_read(m, errand, 0, drawn(m, m[group + G_READ_AFTER], 0, m[errand + COMMAND]))
    if m[group + G_CLOSED] == 1:
        may_go_on(m, errand)


def loses_patience(m, errand, attempt):
    """It has waited long enough: once more, or never again."""
    group = journeys.group_of(m, errand)
    if m[group + G_AFTER_TIMEOUT] == 1 and m[errand + TRIES] < m[group + G_AT_MOST]:
        try_again(m, errand)
        return
    m[errand + OVER] = 1
    waits.stop_waiting(m, errand)
    belief = PRESUMED if m[group + G_PRESUMES] == 1 else NOT_KNOWN
    row(m, M_GAVE_UP, m[errand + COMMAND], m[errand + LATEST_ATTEMPT], m[errand + GROUP], belief, 0)
    if m[group + G_CLOSED] == 1:
        may_go_on(m, errand)


def try_again(m, errand):
    """In a while."""
    m[errand + TRIES] += 1
    waits.stop_waiting(m, errand)
    m[errand + LOOKING_SINCE] += 1
    command, tries = m[errand + COMMAND], m[errand + TRIES]
    wait = drawn(m, m[journeys.group_of(m, errand) + G_BACKOFF], tries, command)
    after(m, wait, M_SENT, command, tries * m[ATTEMPTS_PER_TRY], 0, SEND_AGAIN, errand, 0, 0, 0)


def may_go_on(m, errand):
    """A closed client goes on to its next command when what it waits for has come."""
    group = journeys.group_of(m, errand)
    if m[errand + GOES_ON] == 1:
        return
    if m[errand + OVER] == 1 or (m[errand + ANSWERED] == 1 and m[group + G_WAITS_FOR_OUTCOME] == 0):
        m[errand + GOES_ON] = 1
        place = m[errand + COMMAND] - m[group + G_FIRST]
        think(m, m[errand + GROUP], place % m[group + G_CLIENTS], place // m[group + G_CLIENTS] + 1)
