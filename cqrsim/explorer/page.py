"""The page: controls at the left; picture, table and words at the right."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from cqrsim.errors import ScenarioError
from cqrsim.experiments import Comparison
from cqrsim.explorer import answers, pictures, saving
from cqrsim.explorer.background import Background
from cqrsim.explorer.choice import Choice
from cqrsim.explorer.code import as_code
from cqrsim.explorer.controls import Controls
from cqrsim.explorer.looks import Look, looks

STYLE = """<style>
.cqrsim-explorer { max-width: 1320px; }
.cqrsim-explorer h3 { font-size: 13px; font-weight: 600; line-height: 1.3; margin: 10px 0 2px;
  border-bottom: 1px solid #DCDCDC; }
.cqrsim-explorer table { border-collapse: collapse; font-size: 13px; margin: 4px 0; width: 100%; }
.cqrsim-explorer .wide { overflow-x: auto; }
.cqrsim-explorer th, .cqrsim-explorer td { padding: 4px 6px; line-height: 1.3; text-align: right; }
.cqrsim-explorer thead th { border-bottom: 1px solid #6E6E6E; font-weight: 600; vertical-align: bottom; }
.cqrsim-explorer tbody tr { border-bottom: 1px solid #DCDCDC; }
.cqrsim-explorer td { white-space: nowrap; font-variant-numeric: tabular-nums; }
.cqrsim-explorer th:first-child { text-align: left; white-space: nowrap; }
.cqrsim-explorer ul { margin: 4px 0; padding-left: 20px; }
.cqrsim-explorer li, .cqrsim-explorer p, .cqrsim-explorer summary { line-height: 1.45; font-size: 13px; }
.cqrsim-explorer .aside { color: #6E6E6E; margin: 2px 0; }
.cqrsim-explorer .mistake { border-left: 4px solid #D55E00; padding: 4px 10px; margin: 4px 0; }
.cqrsim-explorer .code { position: relative; border: 1px solid #DCDCDC; padding: 8px; }
.cqrsim-explorer .code pre { overflow-x: auto; font-size: 12px; line-height: 1.4; margin: 0; }
.cqrsim-explorer .code button { position: absolute; top: 6px; right: 6px; }
.cqrsim-explorer .stale { opacity: 0.45; }
.cqrsim-explorer img { object-fit: contain; }
</style>"""


STALE = "stale"
"""What belongs to other settings than those that stand at the left is pale."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What the page shows of one look at a comparison; where there is nothing new, the look only."""

    look: Look
    question: str = ""
    picture: bytes = b""
    table: str = ""
    words: str = ""


class Explorer(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A page of widgets; ``choice`` is what its controls say, ``comparison`` the last that was seen."""

    def __init__(self, choice: Choice, downloads: bool = False) -> None:
        self.comparison: Comparison | None = None
        self._downloads = downloads
        self._drawing = threading.Lock()
        self._make_answers()
        self._make_actions()
        self._background = Background[Choice, Shown](self._work, self._show, self._complain)
        self.controls = Controls(choice, self._ask)
        columns = widgets.HBox([self.controls.column, self._right()], layout=widgets.Layout(align_items="flex-start"))
        super().__init__([widgets.HTML(STYLE), columns])
        self.add_class("cqrsim-explorer")
        self._ask()

    @property
    def choice(self) -> Choice:
        """What is chosen now."""
        return self.controls.choice

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until everything that was asked for is shown; False if that took too long."""
        return self._background.wait(seconds)

    def close(self) -> None:
        """Stop working, and take the page away."""
        self._background.stop()
        super().close()

    def _make_answers(self) -> None:
        self.status, self.mistakes = widgets.HTML(), widgets.HTML()
        self.question = widgets.Dropdown(options=pictures.questions([]), layout=widgets.Layout(width="420px"))
        self.question.observe(self._redraw, names="value")
        self.picture = widgets.Image(format="png", layout=widgets.Layout(width="100%", max_width="860px"))
        self.table, self.words = widgets.HTML(), widgets.HTML()
        self.answers = widgets.VBox([self.picture, self.table, self.words])

    def _make_actions(self) -> None:
        self.copy = widgets.ToggleButton(description="Copy as code", icon="code", tooltip="Python that does the same")
        self.copy.observe(self._show_code, names="value")
        self.code, self.saved = widgets.HTML(), widgets.HTML()
        self.folder = widgets.Text("scenarios", description="into folder", layout=widgets.Layout(width="240px"))
        self.save = widgets.Button(description="Save scenario", icon="save", tooltip="TOML files of these designs")
        self.save.on_click(self._save)

    def _right(self) -> Any:
        save = [self.save] if self._downloads else [self.save, self.folder]
        head = widgets.HBox([self.question, self.status], layout=widgets.Layout(align_items="center"))
        actions = widgets.HBox([self.copy, *save])
        parts = [head, self.mistakes, self.answers, actions, self.saved, self.code]
        return widgets.VBox(parts, layout=widgets.Layout(flex="1 1 0", min_width="0", padding="0 0 0 24px"))

    def _ask(self) -> None:
        """Begin with what is chosen now, or tell what is wrong with it."""
        self._background.stop()
        choice = self.choice
        self.saved.value = ""
        self._show_code()
        self.answers.add_class(STALE)
        try:
            scenarios = choice.scenarios()
        except ScenarioError as mistake:
            self._complain(str(mistake))
            return
        self._offer_questions(list(scenarios))
        self.mistakes.value = ""
        self._background.ask(choice)

    def _offer_questions(self, designs: list[str]) -> None:
        """The same question goes on being asked, if it still can be."""
        wanted, offered = self.question.value, pictures.questions(designs)
        if list(self.question.options) != offered:
            self.question.unobserve(self._redraw, names="value")
            self.question.options = offered
            self.question.value = wanted if wanted in offered else pictures.FIRST
            self.question.observe(self._redraw, names="value")

    def _work(self, choice: Choice) -> Iterator[Shown]:
        """In the background: run after run, and now and then something to be seen."""
        for look in looks(choice.scenarios(), choice.replications, choice.seed):
            yield Shown(look) if look.comparison is None else self._seen(choice, look, look.comparison)

    def _seen(self, choice: Choice, look: Look, comparison: Comparison) -> Shown:
        question = self.question.value
        told = answers.table(choice, comparison), answers.words(choice, comparison)
        return Shown(look, question, self._draw(comparison, question), *told)

    def _draw(self, comparison: Comparison, question: str) -> bytes:
        with self._drawing:
            return pictures.picture(comparison, question)

    def _show(self, shown: Shown) -> None:
        if shown.look.comparison is not None:
            self.comparison = shown.look.comparison
            self.picture.value, self.table.value, self.words.value = shown.picture, shown.table, shown.words
            self.answers.remove_class(STALE)
            if shown.question != self.question.value:
                self._redraw()
        self.status.value = f"<p class='aside'>{_progress(shown.look)}</p>"

    def _complain(self, text: str) -> None:
        self.mistakes.value = answers.mistakes(text)
        self.status.value = "<p class='aside'>nothing runs</p>"

    def _redraw(self, _: object = None) -> None:
        """Another picture of what is already known."""
        if self.comparison is not None:
            self.picture.value = self._draw(self.comparison, self.question.value)

    def _show_code(self, _: object = None) -> None:
        if not self.copy.value:
            self.code.value = ""
            return
        try:
            self.code.value = answers.code_panel(as_code(self.choice))
        except ScenarioError as mistake:
            self.code.value = answers.mistakes(str(mistake))

    def _save(self, _: object) -> None:
        try:
            self.saved.value = f"<p>{self._saved()}</p>"
        except (ScenarioError, OSError) as mistake:
            self.saved.value = answers.mistakes(str(mistake))

    def _saved(self) -> str:
        scenarios = self.choice.scenarios()
        if self._downloads:
            return saving.download_link(scenarios)
        files = saving.save_into(self.folder.value, scenarios)
        return answers.saved(files)


def _progress(look: Look) -> str:
    """How far the work has come.

    >>> _progress(Look(3, 20)), _progress(Look(20, 20))
    ('3 of 20 runs …', '20 runs, finished')
    """
    return f"{look.of} runs, finished" if look.is_last else f"{look.done} of {look.of} runs …"
