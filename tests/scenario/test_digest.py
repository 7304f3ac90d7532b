"""Equal scenarios have equal digests, in every process; unequal ones have not."""

import os
import subprocess
import sys

import pytest

import cqrsim as cq
from cqrsim import kib, ms, per_second, seconds
from cqrsim.scenario import presets

CODE = """
import cqrsim as cq
from cqrsim.scenario import presets
print([scenario.digest() for scenario in (presets.blog(), *presets.state_cases().values())])
"""


def digests_with_hash_seed(seed):
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    return subprocess.run([sys.executable, "-c", CODE], env=environment, check=True, capture_output=True).stdout


def test_digests_are_the_same_in_every_process():
    here = [scenario.digest() for scenario in (presets.blog(), *presets.state_cases().values())]
    assert eval(digests_with_hash_seed(1)) == eval(digests_with_hash_seed(2)) == here


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"length": seconds(61)},
        {"disk.write": ms(1)},
        {"disk.capacity": kib(1)},
        {"clients.invalid": 0.0200001},
        {"network.client_to_handler.loss": 0.1},
        {"projections.name": "other"},
        {"feedback": cq.ForwardEvent()},
        {"clients.feedback": cq.SyncValidation()},
        {"faults": [cq.WriteErrors(0.0)]},
        {"disk.write.replay": True},
    ],
)
def test_whatever_changes_changes_the_digest(changes):
    blog = presets.blog()
    assert blog.with_(changes) != blog
    assert blog.with_(changes).digest() != blog.digest()


def test_the_digest_goes_by_measured_values_not_by_file_names(tmp_path):
    blog = presets.blog()
    copy = tmp_path / "copy.csv"
    copy.write_text("\n".join(str(int(value)) for value in blog.disk.write.values))
    embedded = blog.with_({"disk.write": cq.Empirical(blog.disk.write.values)})
    elsewhere = blog.with_({"disk.write": cq.Empirical(file=str(copy), unit="ns")})
    assert embedded == elsewhere == blog
    assert {embedded.digest(), elsewhere.digest(), blog.digest()} == {blog.digest()}
    assert len({embedded, elsewhere, blog}) == 1


def test_a_custom_rule_is_part_of_the_digest():
    def make(refuse_at):
        def decide(state, command):
            return cq.Refused("no") if state in {refuse_at, 99} else ("Raised",)

        return cq.Rule(decide, lambda state, event: state + 1, initial=0)

    blog = presets.blog()
    rule = make(5)
    assert blog.with_(rule=rule).digest() == blog.with_(rule=rule).digest() != blog.digest()
    assert hash(rule) == hash(rule)
    assert rule == rule.variant()
    assert make(5) != rule  # other function objects
    assert blog.with_(rule=cq.Rule(rule.decide, rule.evolve, 1)).digest() != blog.with_(rule=rule).digest()


def test_equal_values_are_equal_and_hash_alike():
    one = cq.Scenario(cq.Clients(cq.Poisson(per_second(200)), changes={1: 1}), disk=cq.Disk(ms(1)))
    other = cq.Scenario(cq.Clients(cq.Poisson(per_second(200.0)), changes=[(1, 1.0)]), disk=cq.Disk(cq.Constant(ms(1))))
    assert one == other
    assert hash(one) == hash(other)
    assert one != "a scenario"
    assert cq.Exponential(ms(1)) != cq.Constant(ms(1))
