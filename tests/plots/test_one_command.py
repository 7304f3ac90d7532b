import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.errors import ResultError
from cqrsim.metrics.arrows import arrows_of
from cqrsim.metrics.lanes import lanes_of, lost_towards, steps_of
from cqrsim.moments import Moment
from cqrsim.plots import journey
from cqrsim.plots.steps import spans_of

BLOG = cq.presets.blog().with_(length=seconds(2), warm_up=seconds(0))
"""Every message takes a while here."""


def table(*rows):
    """A journey's table from "time attempt moment who outcome"."""
    parts = [(*row.split(), "")[:5] for row in rows]
    frame = pd.DataFrame(parts, columns=["time_ms", "attempt", "moment", "who", "outcome"])
    return frame.astype({"time_ms": float, "attempt": int})


def links(steps, answer_at=""):
    found = arrows_of(steps, answer_at)
    return [(arrow.departs.moment.name, arrow.arrives.moment.name, arrow.indirect) for arrow in found]


def run_of(**changes):
    return cq.simulate(BLOG.with_(**changes), seed=1)


def said(ax, looking):
    return [text.get_text() for text in looking.texts(ax, "label")]


def test_an_accepted_command_goes_from_client_to_projection():
    run = cq.simulate(BLOG, seed=1)
    steps = steps_of(run.journey(10))
    assert lanes_of(steps) == ["client", "handler", "store", "projection view"]
    assert set(links(steps, "decided")) == {
        ("SENT", "RECEIVED", False),
        ("APPEND_SENT", "APPEND_RECEIVED", False),
        ("DECIDED", "ANSWERED", False),
        ("WRITTEN", "APPEND_ANSWERED", False),
        ("PUBLISHED", "APPLIED", True),
    }


LEAVES = {"received": "RECEIVED", "decided": "DECIDED", "written": "RELEASED", "applied": "APPLIED"}


@pytest.mark.parametrize(("answer_at", "leaves"), LEAVES.items())
def test_an_answer_leaves_when_its_client_wants_it(answer_at, leaves):
    feedback = cq.SyncValidation(answer_at=answer_at) if answer_at != "received" else cq.ForwardEvent(poll=ms(100))
    steps = steps_of(run_of(feedback=feedback).journey(10))
    assert [found[0] for found in links(steps, answer_at) if found[1] == "ANSWERED"] == [leaves]


def test_points_of_one_instant_share_one_stacked_label(looking):
    ax = journey(cq.simulate(BLOG, seed=1), 10)
    labels = said(ax, looking)
    assert "issued\nsent" in labels
    assert "decided: accepted\nappend sent" in labels
    assert len(labels) == len(looking.lines(ax, "moment"))


def test_the_time_axis_has_units_and_a_tick_at_every_instant():
    run = cq.simulate(BLOG, seed=1)
    ax = journey(run, 10)
    assert ax.get_ylabel() == "time since issued (ms), not to scale"
    times = sorted(set(run.journey(10)["time_ms"]))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["0", *(f"{time:.2f}" for time in times[1:])]
    assert np.all(np.diff(ax.get_yticks()) > 0)
    assert ax.yaxis_inverted()


@pytest.mark.parametrize("name", list(cq.presets.state_cases()))
def test_labels_never_cover_each_other_and_are_not_cut_off(name, looking):
    """In every design: a command that was stored, and one that was refused."""
    run = cq.simulate(cq.presets.state_cases(BLOG)[name], seed=1)
    commands = run.commands().set_index("command")
    for truth in ("durable", "refused"):
        labels = looking.texts(journey(run, int(commands.index[commands["truth"] == truth][5])), "label")
        assert looking.covering(labels) == []
        assert looking.cut_off(labels) == []


def test_a_failed_append_and_the_retries_can_be_seen(looking):
    clients = BLOG.clients.variant(retries=cq.Retries(at_most=2, first=ms(200)))
    run = run_of(
        clients=clients,
        feedback=cq.SyncValidation(answer_at="written"),
        faults=(cq.DiskFull(at=seconds(1), lasts=ms(300)),),
    )
    commands = run.commands()
    retried = commands[(commands["attempts"] > 1) & (commands["truth"] == "durable")]["command"].iloc[0]
    labels = "\n".join(said(journey(run, int(retried)), looking))
    assert "append failed: full" in labels
    assert "sent again" in labels
    assert "informed by reply: success" in labels.replace("\n", " ")


def test_a_lost_message_ends_on_the_way(looking):
    run = run_of(faults=(cq.LostMessages(share=0.5, link="store->handler"),))
    lost = int(run.trace.of(Moment.MESSAGE_LOST).command[0])
    ax = journey(run, lost)
    (stub,) = looking.lines(ax, "lost")
    store, handler = (
        [text.get_text().strip() for text in ax.get_xticklabels()].index(lane) for lane in ("store", "handler\nshard 0")
    )
    assert stub.get_xdata().tolist() == [store, (store + handler) / 2]
    assert "message to handler lost" in " ".join(said(ax, looking)).replace("\n", " ")


def test_a_lost_publication_was_meant_for_the_projection_that_never_applied_it():
    steps = steps_of(
        table(
            "0 0 issued clients",
            "1 0 published store",
            "1 0 message_lost store->projection",
            "2 0 applied search",
        )
    )
    lanes = lanes_of(steps, ("posts", "search"))
    assert lanes == ["client", "store", "projection posts", "projection search"]
    (lost,) = [step for step in steps if step.link]
    assert lost_towards(lost, steps, lanes) == "projection posts"


def test_a_refusal_takes_its_own_way_in_each_feedback_case(looking):
    for name, (arrives, lane) in {
        "forward event": ("REFUSAL_STORED", "store"),
        "error cache": ("REFUSAL_CACHED", "cache"),
    }.items():
        run = cq.simulate(cq.presets.feedback_cases(BLOG)[name], seed=1)
        commands = run.commands()
        steps = steps_of(run.journey(int(commands["command"][~commands["valid"]].iloc[0])))
        assert lane in lanes_of(steps)
        assert arrives in {found[1] for found in links(steps, "received")}
        assert ("POLLED", "INFORMED", False) in links(steps, "received")


def test_long_rows_of_idle_looks_are_shortened(looking):
    looks = [f"{100 * i} 0 polled event_poll nothing" for i in range(1, 51)]
    ax = journey(
        table("0 0 sent clients", *looks, "5100 0 polled event_poll success", "5101 0 informed event_poll success")
    )
    assert said(ax, looking)[1:4] == ["looked: nothing yet", "looked: nothing 50 times", "looked: success"]


def test_bars_say_how_long_client_handler_and_store_are_busy():
    steps = steps_of(
        table(
            "0 0 issued clients",
            "1 0 admitted shard_0",
            "2 0 append_received store",
            "3 0 append_failed store full",
            "5 1 append_received store",
            "6 1 written store ok",
        )
    )
    assert [(span.lane, span.begins, span.ends) for span in spans_of(steps)] == [
        ("client", 0.0, None), ("handler", 1.0, None), ("store", 2.0, 3.0), ("store", 5.0, 6.0),
    ]  # fmt: skip


def test_arrows_never_point_back_in_time():
    for name, scenario in cq.presets.state_cases(BLOG).items():
        run = cq.simulate(scenario, seed=2)
        for command in range(0, 60, 7):
            found = arrows_of(steps_of(run.journey(command)), "decided")
            assert all(arrow.departs.time <= arrow.arrives.time for arrow in found), name


def test_the_axes_that_are_given_are_drawn_on():
    _, ax = plt.subplots()
    assert journey(table("0 0 sent clients", "0.5 0 received shard_0"), ax=ax) is ax


def test_a_command_to_which_nothing_happened_says_so():
    ax = journey(table().iloc[:0])
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.texts] == ["Nothing happened to this command."]


def test_a_run_needs_the_number_of_a_command():
    with pytest.raises(ResultError, match="which command"):
        journey(cq.simulate(BLOG.with_(length=ms(100)), seed=1))
