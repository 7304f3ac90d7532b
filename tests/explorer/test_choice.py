"""What is chosen stands for scenarios, for code and for files, and all three say the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cqrsim as cq
from cqrsim.explorer.choice import Choice
from cqrsim.explorer.code import as_code, code_of
from cqrsim.explorer.knobs import KNOBS, Knob
from cqrsim.explorer.saving import archive, download_link, save_into, toml_files
from cqrsim.explorer.subject import BASE, FEEDBACK, STATE, YOURS, Subject
from cqrsim.explorer.troubles import FAULTS, NONE, Trouble
from cqrsim.explorer.write_times import KINDS, OWN, QUANTILES, WriteTimes

BLOG = Choice.first(Subject.of(None))
QUIET = cq.presets.blog().with_(length="2s", warm_up="0s", name="quiet")
PAIR = Choice.first(Subject.of({"slow": QUIET.with_({"disk.write": "9ms"}), 'a "b"': QUIET}))
GROUPS = Choice.first(
    Subject.of(
        QUIET.with_(
            clients=[
                cq.Clients(cq.Poisson(cq.per_second(50)), name="web"),
                cq.Clients(cq.Poisson(cq.per_second(50)), name="api", patience="1s"),
            ]
        )
    )
)
SUBJECTS = (BLOG, PAIR, GROUPS, Choice.first(Subject.of(QUIET)))


def knob(path: str) -> Knob:
    return next(knob for knob in KNOBS if knob.path == path)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """Anything that the controls of a page can say."""
    choice = draw(st.sampled_from(SUBJECTS))
    names = [name for group in choice.subject.offered.values() for name in group]
    for moved in draw(st.lists(st.sampled_from(choice.knobs), max_size=4)):
        choice = choice.move(moved, draw(st.sampled_from(moved.options_for(choice.subject.first))).value)
    quantiles = st.sampled_from([option.value for option in QUANTILES])
    return choice.with_(
        chosen=tuple(name for name in names if draw(st.booleans())),
        write_times=WriteTimes(draw(st.sampled_from(KINDS)), draw(quantiles), draw(quantiles)),
        trouble=Trouble(draw(st.sampled_from((NONE, *FAULTS))), cq.seconds(1), cq.ms(500)),
        replications=draw(st.integers(2, 9)),
    )


def designs_made_by(code: str) -> dict[str, cq.Scenario]:
    """What the code compares, without the comparison."""
    lines = code.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("answers ="))
    made: dict[str, Any] = {}
    exec("\n".join(lines[:place]), made)
    return made["designs"]


def designs_or_mistake(ask: Callable[[], Any]) -> Any:
    """What is returned, or what is told."""
    try:
        return ask()
    except cq.ScenarioError as mistake:
        return str(mistake)


@settings(max_examples=20, deadline=None)
@given(choices())
def test_code_makes_exactly_what_was_chosen(choice: Choice) -> None:
    """For every choice, either mistakes are told, or code makes the same designs, in the same order, to the digest."""
    wanted = designs_or_mistake(choice.scenarios)
    if isinstance(wanted, str):
        assert designs_or_mistake(lambda: as_code(choice)) == wanted
        return
    made = designs_made_by(as_code(choice))
    assert list(made) == list(wanted)
    assert [one.digest() for one in made.values()] == [one.digest() for one in wanted.values()]


@settings(max_examples=20, deadline=None)
@given(choices())
def test_files_hold_exactly_what_was_chosen(choice: Choice) -> None:
    """Every scenario file that is saved, read again, is the design that it was saved for."""
    import tomllib

    wanted = designs_or_mistake(choice.scenarios)
    if isinstance(wanted, str):
        return
    files = toml_files(wanted)
    assert [cq.from_dict(tomllib.loads(text)) for text in files.values()] == list(wanted.values())


def test_code_repeats_the_comparison() -> None:
    """Executed, the code gives the runs that the page has shown, to the digest of every trace."""
    from cqrsim.explorer.looks import looks

    choice = BLOG.with_(chosen=("wait", "silence"), replications=2, trouble=Trouble("the disk is full"))
    choice = choice.move(knob("length"), cq.seconds(5)).move(knob("clients.arrivals.rate"), cq.per_second(50))
    *_, last = looks(choice.scenarios(), choice.replications, choice.seed)
    made: dict[str, Any] = {}
    exec(as_code(choice), made)
    assert last.comparison is not None
    assert made["answers"].runs.equals(last.comparison.runs)


def test_what_is_put_back_was_never_moved() -> None:
    """A setting that is moved and put back leaves no trace in the choice."""
    rate = knob("clients.arrivals.rate")
    moved = BLOG.move(rate, cq.per_second(50))
    assert moved != BLOG
    assert moved.move(rate, cq.per_second(200)) == BLOG


def test_settings_move_in_all_groups_that_agree() -> None:
    """Groups that differ in a setting keep it to themselves; where they agree, it moves in all of them."""
    paths = [knob.path for knob in GROUPS.knobs]
    assert "clients.patience" not in paths
    moved = GROUPS.move(knob("clients.invalid"), 0.5)
    assert [group.invalid for group in moved.changed(GROUPS.subject.first).groups] == [0.5, 0.5]


def test_all_designs_meet_the_same_commands() -> None:
    """When ways to keep state are compared with ways to give feedback, they all get the rule that state needs."""
    mixed = BLOG.with_(chosen=("wait", "2a")).scenarios()
    assert len({scenario.rule for scenario in mixed.values()}) == 1
    assert mixed["2a"] == cq.presets.state_cases(BLOG.subject.base)["2a"]
    assert BLOG.with_(chosen=("wait",)).scenarios()["wait"].rule is None


def test_what_is_offered() -> None:
    """The essay's designs on a scenario, beside the scenario itself; of somebody's own designs, just these."""
    assert list(BLOG.subject.offered) == [FEEDBACK, STATE]
    assert Subject.of(QUIET).offered[YOURS] == (BASE,)
    assert PAIR.subject.offered == {YOURS: ("slow", 'a "b"')}


@pytest.mark.parametrize("given_", [3, "blog.toml", {"a": 3}, {}])
def test_what_cannot_be_explored(given_: Any) -> None:
    """Anything but scenarios is refused before a page is made."""
    with pytest.raises(cq.ScenarioError):
        Subject.of(given_)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (BLOG.with_(chosen=()), "choose at least one design"),
        (BLOG.move(knob("warm_up"), cq.seconds(10)), "warm_up: must be less than length"),
        (BLOG.with_(trouble=Trouble("power loss", cq.seconds(10))), "must begin before the run ends"),
        (BLOG.with_(write_times=WriteTimes(OWN, cq.ms(8), cq.ms(2))), "p99"),
    ],
)
def test_mistakes_are_told_before_anything_runs(choice: Choice, told: str) -> None:
    """Settings that cannot go together are told in words that name them."""
    with pytest.raises(cq.ScenarioError, match=told):
        choice.scenarios()


def test_functions_have_no_code() -> None:
    """A scenario with a rule of somebody's own can be explored, and code and files are refused in plain words."""
    rule = cq.Rule(decide=lambda state, command: None, evolve=lambda state, event: state, initial=lambda aggregate: 0)
    choice = Choice.first(Subject.of({"mine": QUIET.with_(rule=rule)}))
    assert choice.scenarios()["mine"].rule == rule
    for refused in (lambda: as_code(choice), lambda: toml_files(choice.scenarios())):
        with pytest.raises(cq.ScenarioError, match="cannot be written to a file"):
            refused()


def test_code_of_measured_values() -> None:
    """What no short code can say is made from plain data."""
    long = QUIET.with_({"disk.write": cq.Empirical(values=[cq.us(step) for step in range(1, 40)])})
    assert "from_dict" in code_of(long)
    assert eval(code_of(long), {"cq": cq}).digest() == long.digest()


def test_saving_into_a_folder(tmp_path: Path) -> None:
    """Files are written once; the same again is fine, and nothing is written over what differs."""
    designs = PAIR.scenarios()
    files = save_into(tmp_path / "new", designs)
    assert save_into(tmp_path / "new", designs) == files
    assert [cq.load(file) for file in files] == list(designs.values())
    with pytest.raises(cq.ScenarioError, match="is there already, and differs"):
        save_into(tmp_path / "new", {"slow": QUIET})
    with pytest.raises(cq.ScenarioError, match="name a folder"):
        save_into(" ", designs)


def test_download_links() -> None:
    """One scenario is saved as it is, several in an archive that is the same every time."""
    one, several = download_link({"a<b": QUIET}), download_link(PAIR.scenarios())
    assert 'download="a-b.toml"' in one
    assert 'download="scenarios.zip"' in several
    assert several == download_link(PAIR.scenarios())
    assert archive({"a": "b"})[:2] == b"PK"
