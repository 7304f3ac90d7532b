"""The page without a browser: what its controls say is computed, and what is wrong is said in words."""

from collections.abc import Iterator

import pytest

import cqrsim as cq
from cqrsim.explorer.page import Explorer

QUIET = cq.presets.blog().with_({"length": "1s", "warm_up": "0s", "clients.arrivals.rate": "50/s"})
PATIENCE_S = 60


@pytest.fixture
def page() -> Iterator[Explorer]:
    """A page of two designs that has answered."""
    made = cq.explore({"wait": QUIET, "silence": QUIET.with_(feedback=cq.Silence(reload="1s"))})
    made.controls.replications.value = 2
    assert made.wait(PATIENCE_S)
    yield made
    made.close()


def test_the_first_answer(page: Explorer) -> None:
    """Without anything being moved there are a picture, a table, words, and word that it is finished."""
    assert page.picture.value[1:4] == b"PNG"
    assert "silence" in page.table.value
    assert "Half of the clients" in page.words.value
    assert "4 runs, finished" in page.status.value
    assert page.mistakes.value == ""


def test_a_move_changes_the_answer(page: Explorer) -> None:
    """After a setting was moved, the table is that of the comparison with this setting."""
    before = page.table.value
    page.controls.knobs["clients.invalid"][1].value = 0.5
    assert page.wait(PATIENCE_S)
    assert page.table.value != before
    wanted = cq.compare(page.choice.scenarios(), replications=2, seed=1)
    assert page.comparison is not None
    assert page.comparison.frame.equals(wanted.frame)
    assert "stale" not in page.answers._dom_classes


def test_mistakes_are_told_in_the_page(page: Explorer) -> None:
    """What cannot go together is told, nothing runs, what is seen is pale, and putting it right mends all of it."""
    warm_up = page.controls.knobs["warm_up"][1]
    warm_up.value = cq.seconds(10)
    assert "warm_up: must be less than length" in page.mistakes.value
    assert "nothing runs" in page.status.value
    assert "stale" in page.answers._dom_classes
    warm_up.value = cq.seconds(0)
    assert page.wait(PATIENCE_S)
    assert page.mistakes.value == ""
    assert "finished" in page.status.value


def test_no_design_is_a_mistake_too(page: Explorer) -> None:
    """When nothing is left to be compared, the page says so."""
    for box in page.controls.designs.values():
        box.value = False
    assert "choose at least one design" in page.mistakes.value


def test_code_follows_the_controls(page: Explorer) -> None:
    """The code is shown on demand, changes with every move, and is gone when it is not wanted."""
    assert page.code.value == ""
    page.copy.value = True
    assert "cq.compare(designs, replications=2, seed=1)" in page.code.value
    page.controls.replications.value = 3
    assert "replications=3" in page.code.value
    page.copy.value = False
    assert page.code.value == ""


def test_every_picture_can_be_drawn(page: Explorer) -> None:
    """Each question of the menu has a picture of its own."""
    drawn = set()
    for question in page.question.options:
        page.question.value = question
        drawn.add(page.picture.value)
    assert len(drawn) == len(page.question.options)


def test_a_question_is_kept_while_it_can_be(page: Explorer) -> None:
    """The picture that was asked for stays when settings move, and goes with the design that it was about."""
    page.question.value = "What do clients believe? (silence)"
    page.controls.seed.value = 2
    assert page.question.value == "What do clients believe? (silence)"
    page.controls.designs["silence"].value = False
    assert page.question.value == page.question.options[0]
    assert page.wait(PATIENCE_S)


def test_two_pages_do_not_disturb_each_other(page: Explorer) -> None:
    """What is moved on one page changes nothing on another, though both work at the same time."""
    before = page.table.value
    other = cq.explore({"wait": QUIET})
    other.controls.trouble.value = "the disk stands still"
    other.controls.at.value = cq.seconds(0)
    page.controls.seed.value = 2
    page.controls.seed.value = 1
    assert other.wait(PATIENCE_S)
    assert page.wait(PATIENCE_S)
    assert page.table.value == before
    assert other.choice.trouble.name != page.choice.trouble.name
    other.close()


def test_saving(page: Explorer, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Scenarios are saved into a folder, and a second, different set does not go over them."""
    page.folder.value = str(tmp_path)
    page.save.click()
    assert "wait.toml" in page.saved.value
    assert cq.load(tmp_path / "wait.toml") == page.choice.scenarios()["wait"]
    page.controls.knobs["clients.invalid"][1].value = 0.5
    assert page.saved.value == ""
    page.save.click()
    assert "is there already, and differs" in page.saved.value


def test_names_are_no_markup() -> None:
    """Whatever a design is called, the page shows it as text."""
    nasty = "<b>&"
    page = cq.explore({nasty: QUIET})
    page.copy.value = True
    assert page.wait(PATIENCE_S)
    shown = page.table.value + page.words.value + page.code.value
    assert nasty not in shown
    assert "&lt;b&gt;&amp;" in page.table.value
    page.close()
