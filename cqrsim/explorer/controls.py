"""Widgets for all that can be chosen: one column, every control with its label and its unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import ipywidgets as widgets

from cqrsim.explorer.choice import Choice
from cqrsim.explorer.knobs import AS_IT_IS, BEYOND, CLIENTS, DISK, RUNS, Knob, Option, options
from cqrsim.explorer.subject import STATE, TIPS
from cqrsim.explorer.troubles import FAULTS, NONE, SPANS, TIMES, Trouble
from cqrsim.explorer.write_times import KINDS, OWN, QUANTILES, WriteTimes

MOST_REPLICATIONS = 30
ANSWERED = "feedback.answer_at"
WIDTH, LABEL_WIDTH, FULL = "360px", "128px", "calc(100% - 8px)"


class Picker:
    """A slider or a menu of labels, and the values that they stand for (widgets take None for no choice at all)."""

    def __init__(self, kind: Any, label: str, choices: Iterable[Option], value: Any, tip: str) -> None:
        self._values = {option.label: option.value for option in _with(value, choices)}
        style = {"description_width": LABEL_WIDTH}
        self.widget = kind(
            options=list(self._values), value=self._label_of(value), description=label, tooltip=tip, style=style
        )
        self.widget.layout.width = FULL

    @property
    def value(self) -> Any:
        """What is chosen."""
        return self._values[self.widget.value]

    @value.setter
    def value(self, value: Any) -> None:
        self.widget.value = self._label_of(value)

    def _label_of(self, value: Any) -> str:
        return next(label for label, other in self._values.items() if other == value)


class Controls:
    """The left column; ``changed`` is called whenever something was moved."""

    def __init__(self, choice: Choice, changed: Callable[[], object]) -> None:
        self._first, self._changed = choice, changed
        self.designs = self._design_boxes()
        self.knobs = {knob.path: (knob, self._knob(knob)) for knob in choice.knobs}
        self._make_disk()
        self._make_trouble()
        self._make_runs()
        self.column = widgets.VBox(self._sections(), layout=widgets.Layout(flex=f"0 0 {WIDTH}", width=WIDTH))
        self._show_what_counts()

    @property
    def choice(self) -> Choice:
        """What the controls say."""
        found = self._first.with_(
            chosen=tuple(name for name, box in self.designs.items() if box.value),
            write_times=WriteTimes(self.disk.value, self.p50.value, self.p99.value),
            trouble=Trouble(self.trouble.value, self.at.value, self.lasts.value),
            replications=self.replications.value,
            seed=self.seed.value,
        )
        for knob, control in self.knobs.values():
            found = found.move(knob, control.value)
        return found

    def _design_boxes(self) -> dict[str, Any]:
        chosen = self._first.chosen
        names = [name for group in self._first.subject.offered.values() for name in group]
        boxes = {name: widgets.Checkbox(value=name in chosen, description=name, indent=False) for name in names}
        for name, box in boxes.items():
            box.tooltip = TIPS.get(name, name)
            box.layout.width = "160px"
            box.observe(self._moved, names="value")
        return boxes

    def _knob(self, knob: Knob) -> Picker:
        scenario = self._first.subject.first
        make = self._menu if knob.is_menu else self._slider
        return make(knob.label, knob.options_for(scenario), knob.current(scenario), knob.tip)

    def _make_disk(self) -> None:
        now = self._first.write_times
        kinds = KINDS if now.kind in KINDS else (AS_IT_IS, *KINDS)
        self.disk = self._menu("a write takes", options(kinds, str), now.kind, "Measured times, or times of your own.")
        self.p50 = self._slider("write, p50", QUANTILES, now.p50, "Half of the writes take at most this long.")
        self.p99 = self._slider("write, p99", QUANTILES, now.p99, "99 % of the writes take at most this long.")

    def _make_trouble(self) -> None:
        now = self._first.trouble
        self.trouble = self._menu("what goes wrong", options((NONE, *FAULTS), str), now.name, "A fault, or none.")
        self.at = self._slider("begins after", TIMES, now.at, "Simulated time from the beginning of a run.")
        self.lasts = self._slider("lasts", SPANS, now.lasts, "How long it lasts, or takes to start again.")

    def _make_runs(self) -> None:
        style = {"description_width": LABEL_WIDTH}
        self.replications = widgets.IntSlider(
            self._first.replications, 2, MOST_REPLICATIONS, description="replications", style=style,
            tooltip="Runs of each design, every one with other luck.",
        )  # fmt: skip
        self.seed = widgets.BoundedIntText(
            self._first.seed, min=0, max=2**31, description="seed", style=style, tooltip="Chooses the luck."
        )
        for control in (self.replications, self.seed):
            control.layout.width = FULL
            control.observe(self._moved, names="value")

    def _slider(self, label: str, choices: Iterable[Option], value: Any, tip: str) -> Picker:
        return self._listen(Picker(widgets.SelectionSlider, label, choices, value, tip))

    def _menu(self, label: str, choices: Iterable[Option], value: Any, tip: str) -> Picker:
        return self._listen(Picker(widgets.Dropdown, label, choices, value, tip))

    def _listen(self, picker: Picker) -> Picker:
        picker.widget.observe(self._moved, names="value")
        return picker

    def _sections(self) -> list[Any]:
        of_heading = {
            CLIENTS: self._knobs_of(CLIENTS),
            DISK: [*_widgets(self.disk, self.p50, self.p99), *self._knobs_of(DISK)],
            BEYOND: self._knobs_of(BEYOND),
            "Trouble": _widgets(self.trouble, self.at, self.lasts),
            RUNS: [*self._knobs_of(RUNS), self.replications, self.seed],
        }
        designs = [self._designs_of(heading, names) for heading, names in self._first.subject.offered.items()]
        return [*designs, *(_section(heading, parts) for heading, parts in of_heading.items() if parts)]

    def _designs_of(self, heading: str, names: Iterable[str]) -> Any:
        grid = widgets.Layout(grid_template_columns="50% 50%", overflow="hidden")
        return _section(heading, [widgets.GridBox([self.designs[name] for name in names], layout=grid)])

    def _knobs_of(self, heading: str) -> list[Any]:
        return _widgets(*(control for knob, control in self.knobs.values() if knob.heading == heading))

    def _moved(self, _: object) -> None:
        self._show_what_counts()
        self._changed()

    def _show_what_counts(self) -> None:
        """What would change nothing now is not shown."""
        is_own, is_trouble = self.disk.value == OWN, self.trouble.value != NONE
        counting = [(self.p50, is_own), (self.p99, is_own), (self.at, is_trouble), (self.lasts, is_trouble)]
        if ANSWERED in self.knobs:
            counting.append((self.knobs[ANSWERED][1], self._state_matters()))
        for control, counts in counting:
            control.widget.layout.display = "" if counts else "none"

    def _state_matters(self) -> bool:
        """Whether one of the essay's ways to keep state is chosen, or designs are somebody's own."""
        offered = self._first.subject.offered
        return STATE not in offered or any(self.designs[name].value for name in offered[STATE])


def _with(value: Any, choices: Iterable[Option]) -> tuple[Option, ...]:
    """The choices, and among them the value; those without it are amounts that have an order."""
    found = tuple(choices)
    if any(option.value == value for option in found):
        return found
    return tuple(sorted((*found, *options([value])), key=lambda option: option.value))


def _widgets(*pickers: Picker) -> list[Any]:
    return [picker.widget for picker in pickers]


def _section(heading: str, parts: Iterable[Any]) -> Any:
    title = widgets.HTML(f"<h3>{heading}</h3>")
    return widgets.VBox([title, *parts], layout=widgets.Layout(overflow="hidden", flex="0 0 auto"))
