"""Mistakes are told as people need them: all at once, where, which value, what is allowed, what may be meant."""

import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.scenario import from_dict, presets

WRONG_FILE = """
lenght = "60s"
warm_up = 5

[clients]
invalid = 1.5
patience = "5sec"
[clients.arrivals]
kind = "Poison"
rate = "200/s"

[feedback]
kind = "SyncValidation"
answer_at = "write"
projections = ["view"]

[state]
kind = "FromGenerated"
wait = false
careful = true

[store]
batch_windw = "2ms"
flush = "never"
check_version = "yes"

[disk]
capacity = "-5GB"
[disk.write]
p50 = "8ms"
p99 = "1ms"
[disk.flush]
kind = "Uniform"
low = "5ms"
high = "4ms"

[network.store_to_handler]
delay = "5KiB"
loss = "1%"

[aggregates]
kind = "Zipf"
count = 1000

[[faults]]
kind = "LostMessages"
link = "store->projecton"
share = 0.1
[[faults]]
share = 0.1
"""

TOLD = """\
wrong.toml: 18 mistakes
  clients.arrivals.kind: no such kind of arrivals (got "Poison"); did you mean "Poisson"?
  clients.invalid: must be a share between 0 and 1 (got 1.5)
  clients.patience: "sec" is not a unit of time here (got "5sec"); did you mean "5s"?
  feedback.answer_at: must be "decided", "written" or "applied" (got "write"); did you mean "written"?
  state.careful: needs wait = true: without an answer there is nothing to doubt (got True)
  store.flush: must be "group", "each", or a duration such as "100ms" (got "never")
  store.check_version: must be true or false (got "yes")
  no setting "store.batch_windw"; did you mean "store.batch_window"?
  disk.write: needs a kind of distribution (got {'p50': '8ms', 'p99': '1ms'}); did you mean kind = "LogNormal"?
  disk.flush.low: must not be more than high (4ms) (got 5ms)
  disk.capacity: a size cannot be negative (got "-5GB")
  network.store_to_handler.delay: "KiB" is not a unit of time; use ns, us, ms, s, min, h or d (got "5KiB")
  network.store_to_handler.loss: must be a share between 0 and 1 (got "1%"); did you mean 0.01?
  aggregates.exponent: is missing: a number, at least 0
  faults.0.link: no such link (got "store->projecton"); did you mean "store->projection"?
  faults.1: needs a kind of fault: "WriteErrors", "AmbiguousErrors", "FlushErrors", "LostMessages", \
"DuplicateMessages" or "DelayedMessages" (got {'share': 0.1})
  warm_up: a duration needs a unit: write "5s", or seconds(5) (got 5)
  no setting "lenght"; did you mean "length"?"""


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(WRONG_FILE)
    with pytest.raises(cq.ScenarioError) as caught:
        cq.load(path)
    assert str(caught.value) == TOLD
    assert len(caught.value.problems) == 18


def problems_with(**settings):
    data = {"clients": {"arrivals": {"kind": "Poisson", "rate": "200/s"}}, **settings}
    with pytest.raises(cq.ScenarioError) as caught:
        from_dict(data)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"disk": {"wirte": "2ms"}}, 'no setting "disk.wirte"; did you mean "disk.write"?'),
        ({"capacity": "5GB"}, 'no setting "capacity"; did you mean "disk.capacity"?'),
        ({"disk": {"colour": "red"}}, 'no setting "disk.colour"; disk has write, flush, per_kib, capacity'),
        ({"disk": {"write": 2}}, 'disk.write: a duration needs a unit: write "2s", or seconds(2) (got 2)'),
        ({"disk": {"write": "fast"}}, 'disk.write: not a duration: write "5s", or seconds(5) (got "fast")'),
        ({"disk": {"write": True}}, ("disk.write: must be a duration or one of Constant, Exponential, Uniform, "
         "LogNormal, Gamma, Mixture or Empirical (got True)")),
        ({"disk": {"write": "LogNormal"}}, ('disk.write: must be a table (got "LogNormal"); '
         'write {kind = "LogNormal", ...}')),
        ({"disk": {"write": {"kind": "Exponential", "p50": "1ms"}}},
         'disk.write.mean: is missing: a duration (write "5s", or seconds(5))'),
        ({"disk": {"write": {"kind": "LogNormal", "p50": "2ms", "p99": "1ms"}}},
         "disk.write.p99: must not be less than p50 (2ms) (got 1ms)"),
        ({"disk": {"write": {"kind": "LogNormal", "p50": "2ms", "cv": 1.0}}},
         "disk.write: needs p50 and p99, or mean and cv, not cv and p50"),
        ({"disk": {"write": {"kind": "Gamma", "mean": "0s", "cv": 1.0}}},
         'disk.write.mean: must be a duration of more than 0 (got "0s")'),
        ({"disk": {"write": {"kind": "Mixture", "parts": [[0.0, "1ms"], [1.0, {"kind": "Uniform", "low": "1ms"}]]}}},
         "disk.write.parts.0.0: must be a weight of more than 0 (got 0.0)"),
        ({"disk": {"write": {"kind": "Mixture", "parts": []}}}, "disk.write.parts: needs at least one part"),
        ({"disk": 5}, "disk: must be Disk settings (got 5)"),
        ({"length": "0s"}, 'length: must be a duration of more than 0 (got "0s")'),
        ({"length": "5s", "warm_up": "5s"}, "warm_up: must be less than length (5s) (got 5s)"),
        ({"store": {"batch_at_most": 2.0}}, "store.batch_at_most: must be a whole number, at least 1 (got 2.0)"),
        ({"store": {"batch_at_most": True}}, "store.batch_at_most: must be a whole number, at least 1 (got True)"),
        ({"store": {"flush": 5}},
         ('store.flush: must be "group", "each", or a duration: a duration needs a unit: '
         'write "5s", or seconds(5) (got 5)')),
        ({"store": {"answer_after": "write"}}, ("store.answer_after: belongs to a periodic flush, such as "
         'flush = "10ms" (got "write")')),
        ({"store": {"answer_after": "write", "flush": "each"}}, ("store.answer_after: belongs to a periodic flush, "
         'such as flush = "10ms" (got "write")')),
        ({"store": {"batch_window": "2ms"}},
         "store.batch_window: waits for others, so batch_at_most must be more than 1 (got 2ms)"),
        ({"rule": {"kind": "Range", "low": 2, "high": 1}}, "rule.low: must not be more than high (1) (got 2)"),
        ({"rule": {"kind": "Range", "low": 2, "high": 5}}, "rule.start: must be within low (2) and high (5) (got 0)"),
        ({"projections": []}, "projections: needs at least one projection (got [])"),
        ({"projections": [{}, {}]}, 'projections.1.name: is the name of projections.0 already (got "view")'),
        ({"projections": {"name": "a.b"}},
         'projections.name: must be a name: not empty, no dot, not only digits, not "none" (got "a.b")'),
        ({"feedback": {"kind": "Silence", "reload": "1s", "of": "veiw"}},
         'feedback.of: no projection of this name (got "veiw"); did you mean "view"?'),
        ({"feedback": {"kind": "SyncValidation", "projections": ["view"]}},
         "feedback.projections: belongs to answer_at = \"applied\" (got ('view',))"),
        ({"feedback": {"kind": "ForwardEvent", "push": False}},
         "feedback.push: without poll no event can reach the client: let it poll, or push (got False)"),
        ({"feedback": {"kind": "ErrorCache", "keep_for": "1s", "of": "view"}},
         'feedback.of: belongs to success_by = "read_model" (got "view")'),
        ({"feedback": {"kind": "Combined", "parts": [{"kind": "ForwardEvent"}]}},
         "feedback.parts: needs at least two parts"),
        ({"faults": [{"kind": "DiskFull", "at": "1s"}]},
         'faults.0.lasts: is missing: a duration (write "5s", or seconds(5))'),
        ({"faults": [{"kind": "WriteErrors", "share": 0.1, "name": "a"}] * 2},
         'faults.1.name: is the name of faults.0 already (got "a")'),
        ({"aggregates": {"kind": "Weighted", "weights": [1, -1]}},
         "aggregates.weights.1: must be a weight of more than 0 (got -1)"),
        ({"network": {"client->handler": "1ms"}},
         'no setting "network.client->handler"; did you mean "network.client_to_handler"?'),
        ({"network": {"delay": "1ms", "los": 0.1}}, 'no setting "network.los"; did you mean "network.loss"?'),
        ({"scenario_name": "x"}, ('no setting "scenario_name"; there are clients, feedback, state, handlers, store, '
         "disk, projections, network, aggregates, rule, faults, length, warm_up, grace, drain, name")),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_plain_words(settings, told):
    assert told in problems_with(**settings)


@pytest.mark.parametrize(
    ("group", "told"),
    [
        ({"arrivals": {"kind": "Closed", "clients": 3}},
         "clients.arrivals.think: needs a mean of more than 0, a pace, or at_most: else commands never end"),
        ({"arrivals": {"kind": "Closed", "clients": 3, "think": "1s"}, "sessions": 2},
         "clients.sessions: belongs to open arrivals: here each of the 3 clients is a session (got 2)"),
        ({"invalid": -0.0}, "clients.invalid: must be a share between 0 and 1, and not minus zero (got -0.0)"),
        ({"invalid": float("nan")}, "clients.invalid: must be a share between 0 and 1 (got nan)"),
        ({"invalid": True}, "clients.invalid: must be a share between 0 and 1 (got True)"),
        ({"events": {"1": 0.5, "some": 0.5}}, 'clients.events.some: must be a whole number, at least 0 (got "some")'),
        ({"events": [[1, 0.5], [1, 0.5]]}, ("clients.events: has the same number of events twice (got "
         "[[1, 0.5], [1, 0.5]])")),
        ({"changes": []}, "clients.changes: needs at least one change (got [])"),
        ({"changes": "up"}, ("clients.changes: must be a whole number, or a list of numbers with their weights: "
         '[[1, 0.9], [-1, 0.1]] (got "up")')),
        ({"retries": {"first": "1s", "cap": "1ms"}}, "clients.retries.cap: must not be less than first (1s) (got 1ms)"),
        ({"retries": {"first": "1s"}}, "clients.retries.at_most: is missing: a whole number, at least 0"),
        ({"retries": {"at_most": 1, "first": "1s", "after": []}}, ("clients.retries.after: needs "
         '"timeout", "failure" or both; without retries leave retries out (got [])')),
        ({"own_reads": {"of": ["veiw"]}},
         'clients.own_reads.of.0: no projection of this name (got "veiw"); did you mean "view"?'),
        ({"background_reads": {"rate": "1/s", "of": "x"}},
         'clients.background_reads.of.0: no projection of this name (got "x"); there is "view"'),
        ({"arrivals": {"kind": "Poisson", "rate": 200}},
         'clients.arrivals.rate: a rate needs a unit: write "200/s", or per_second(200) (got 200)'),
        ({"arrivals": {"kind": "Poisson", "rate": "0/s"}},
         'clients.arrivals.rate: must be a rate of more than 0 (got "0/s")'),
        ({"arrivals": {"kind": "Recorded"}}, "clients.arrivals: needs times, gaps or file"),
        ({"arrivals": {"kind": "Recorded", "times": ["2s", "1s"]}},
         "clients.arrivals.times: must ascend, but 1s comes after 2s (entry 1)"),
        ({"event_size": 400}, 'clients.event_size: a size needs a unit: write "400B", or bytes_(400) (got 400)'),
    ],
)  # fmt: skip
def test_a_mistake_of_clients_is_told_in_plain_words(group, told):
    group = {"arrivals": {"kind": "Poisson", "rate": "200/s"}, **group}
    told_here = problems_with(clients=group)
    assert told in "\n".join(told_here)
    assert all("<" not in line for line in told_here)


RETRIES = {"at_most": 1, "first": "1s", "after": ["timeout"]}
NO_TIMEOUT = (
    'retries.after: without patience there is no timeout: give the clients patience, or add "failure" '
    "(got ('timeout',))"
)


def test_retries_after_timeouts_need_a_timeout():
    group = {"arrivals": {"kind": "Poisson", "rate": "200/s"}, "retries": RETRIES}
    silent = {"kind": "Silence", "reload": "1s"}
    assert problems_with(clients=group) == [f"clients.{NO_TIMEOUT}"]
    named = [{**group, "name": "a", "patience": "1s"}, {**group, "name": "b"}]
    assert problems_with(clients=named) == [f"clients.1.{NO_TIMEOUT}"]
    own = {**group, "feedback": {"kind": "ForwardEvent"}}
    assert problems_with(clients=own, feedback=silent) == [f"clients.{NO_TIMEOUT}"]
    assert problems_with(clients=group, feedback={**silent, "patience": "none"}) == [f"clients.{NO_TIMEOUT}"]


def test_a_timeout_is_that_of_patience_or_of_presumed_failure():
    group = {"arrivals": {"kind": "Poisson", "rate": "200/s"}, "retries": RETRIES}
    silent = {"kind": "Silence", "reload": "1s"}
    both = {**RETRIES, "after": ["timeout", "failure"]}
    assert from_dict({"clients": {**group, "patience": "1s"}})
    assert from_dict({"clients": group, "feedback": silent})
    assert from_dict({"clients": {**group, "feedback": silent}})
    assert from_dict({"clients": {**group, "retries": both}})


def test_retries_are_not_judged_while_the_feedback_is_wrong():
    group = {"arrivals": {"kind": "Poisson", "rate": "200/s"}, "retries": RETRIES}
    told = problems_with(clients=group, feedback={"kind": "Silence"})
    assert [line for line in told if "retries" in line] == []


def test_marks_of_kinds_never_show_in_paths():
    told = problems_with(disk={"write": {"kind": "Mixture", "parts": [[1, {"kind": "LogNormal", "p50": "x"}]]}})
    assert told == ['disk.write.parts.0.1.p50: not a duration: write "5s", or seconds(5) (got "x")']


def test_wrong_names_are_told_together_with_other_mistakes():
    told = problems_with(
        clients=[
            {"arrivals": {"kind": "Poisson"}, "name": "api", "own_reads": {"of": "vew"}},
            {"arrivals": {"kind": "Poisson"}, "name": "api"},
        ]
    )
    assert told == [
        'clients.0.arrivals.rate: is missing: a rate (write "200/s", or per_second(200))',
        'clients.1.arrivals.rate: is missing: a rate (write "200/s", or per_second(200))',
        'clients.1.name: is the name of clients.0 already (got "api")',
        'clients.0.own_reads.of: no projection of this name (got "vew"); did you mean "view"?',
    ]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: cq.Disk(write=2), 'Disk: write: a duration needs a unit: write "2s", or seconds(2) (got 2)'),
        (lambda: cq.Disk(ms(1), ms(2), ms(3), None, 5), "Disk: 4: is one value too many (got 5)"),
        (lambda: cq.Disk(wirte=ms(1)), 'Disk: no setting "wirte"; did you mean "write"?'),
        (lambda: cq.Poisson(), 'Poisson: rate: is missing: a rate (write "200/s", or per_second(200))'),
        (lambda: cq.Poisson(ms(1)), 'Poisson: rate: must be a rate: write "200/s", or per_second(200) (got 1ms)'),
        (lambda: cq.Exponential(per_second(1)),
         'Exponential: mean: must be a duration: write "5s", or seconds(5) (got 1/s)'),
        (lambda: cq.Scenario(cq.Poisson(per_second(1))),
         "Scenario: clients: must be Clients settings, or a list of them (got Poisson(rate=per_second(1)))"),
        (lambda: cq.Clients(cq.Poisson(per_second(1)), feedback=cq.Silence),
         "Clients: feedback: is the class Silence itself; write Silence(...)"),
        (lambda: cq.Clients(cq.Exponential(ms(1))), "Clients: arrivals: must be one of Poisson, Regular"),
        (lambda: cq.Uniform(ms(2), ms(1)), "Uniform: low: must not be more than high (1ms) (got 2ms)"),
        (lambda: cq.Clients(None), "Clients: arrivals: must be"),
    ],
)  # fmt: skip
def test_mistakes_in_code_name_the_class(make, told):
    with pytest.raises(cq.ScenarioError) as caught:
        make()
    assert str(caught.value).startswith(told)


def test_several_mistakes_in_code_are_told_at_once():
    with pytest.raises(cq.ScenarioError) as caught:
        cq.Clients(cq.Poisson(per_second(1)), invalid=2, patience=5, nmae="api")
    assert str(caught.value).splitlines() == [
        "Clients: 3 mistakes",
        "  invalid: must be a share between 0 and 1 (got 2)",
        '  patience: a duration needs a unit: write "5s", or seconds(5) (got 5)',
        '  no setting "nmae"; did you mean "name"?',
    ]


def test_errors_survive_the_way_between_processes():
    import pickle

    with pytest.raises(cq.ScenarioError) as caught:
        presets.blog().with_({"disk.wirte": seconds(1)})
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.problems == caught.value.problems
