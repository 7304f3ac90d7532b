"""Streams of aggregates as somebody holds them, and snapshots of them."""

from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import new
from cqrsim.engines.arrays.rows import note
from cqrsim.engines.arrays.words import *


def fold_in(m, stream, journey):
    """Fold one append into an aggregate's stream; one whose record was altered counts, and changes nothing."""
    m[stream + A_VERSION] += m[journey + EVENTS]
    if m[journey + ALTERED] == 0:
        m[stream + A_STATE] += m[journey + CHANGE]
    if m[KEEPS_APPENDS] == 1:
        link = new(m, 2)
        m[link], m[link + 1] = journey, m[stream + A_APPENDS]
        m[stream + A_APPENDS], m[stream + A_TOUCHED] = link, 1


def fold_anew(m, stream):
    """The state of an aggregate again from its appends, of which some may have changed."""
    m[stream + A_STATE] = m[START]
    link = m[stream + A_APPENDS]
    while link:
        if m[m[link] + ALTERED] == 0:
            m[stream + A_STATE] += m[m[link] + CHANGE]
        link = m[link + 1]


def empty_streams(m, streams, count):
    """Hold nothing."""
    for i in range(count):
        stream = streams + i * STREAM_SIZE
        m[stream + A_VERSION], m[stream + A_STATE], m[stream + A_APPENDS] = 0, m[START], 0


def own_stream(m, home, place):
    """An aggregate in the state of an instance, by its place among those of the shard."""
    return m[home + D_STREAM] + place * STREAM_SIZE


def snapshot_of(m, aggregate):
    """The stream of an aggregate as a reader of the log finds it now."""
    stream, snapshot = m[READABLE] + aggregate * STREAM_SIZE, new(m, SNAPSHOT_SIZE)
    m[snapshot + N_VERSION], m[snapshot + N_STATE] = m[stream + A_VERSION], m[stream + A_STATE]
    m[snapshot + N_APPENDS], m[snapshot + N_CUTS] = m[stream + A_APPENDS], m[CUTS]
    m[snapshot + N_LIFE] = m[LIFE]
    return snapshot


def is_older(m, snapshot, stream):
    """Whether a reader holds more than the snapshot; a shorter log is not older if it has been cut since."""
    return m[snapshot + N_VERSION] < m[stream + A_VERSION] and m[snapshot + N_CUTS] <= m[stream + A_CUTS]


def hold_as(m, stream, snapshot):
    """Hold an aggregate as a snapshot says."""
    m[stream + A_VERSION], m[stream + A_STATE] = m[snapshot + N_VERSION], m[snapshot + N_STATE]
    m[stream + A_APPENDS], m[stream + A_TOUCHED] = m[snapshot + N_APPENDS], 1


def stamp_all(m, link):
    """Mark the appends of a chain with a number of its own."""
    m[STAMPS] += 1
    while link:
        m[m[link] + STAMP] = m[STAMPS]
        link = m[link + 1]


def note_missing(m, home, mine, theirs, version):
    """Record as folded what stands in one chain of appends and not in the other."""
    stamp_all(m, mine)
    while theirs:
        if m[m[theirs] + STAMP] != m[STAMPS]:
            note(m, M_FOLDED, m[theirs], m[home + D_SHARD], m[home + D_NUMBER], version)
        theirs = m[theirs + 1]


def stands_in(m, link, one):
    """Whether one stands in a chain of (one, earlier): an append among appends, an instance among those that know."""
    while link:
        if m[link] == one:
            return True
        link = m[link + 1]
    return False
