"""Reports: what stands in them, that both renderings say the same, and that equal results give equal files."""

import base64
import re
import struct
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import mistune
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as some

import cqrsim as cq
from cqrsim.cli import main
from cqrsim.experiments.designs.sweep_file import FORM
from cqrsim.reports.assumptions import ASSUMPTIONS, assumptions
from cqrsim.reports.blocks import Bullets, Code, File, Heading, Paragraph, Picture, Report, Table, section
from cqrsim.reports.caveats import of_failures
from cqrsim.reports.differing import differing
from cqrsim.reports.markdown import markdown
from cqrsim.reports.webpage import webpage
from cqrsim.reports.writing import checked_path

BLOG = cq.presets.blog().with_(length="1s", warm_up="0s")
NASTY = 'a|b <i>"x" & *y* `z`'
METRICS = ("feedback_ms_p50", "silent_failure_share")
PNG = b"\x89PNG not really"
TEXTS = some.text(
    some.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Z", "C"]) | some.just(" ")
)


class Text(HTMLParser):
    """The words of a page, its tags, and what its attributes hold."""

    VOID = ("meta", "img", "br", "hr")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words, self.open, self.tags, self.links = "", [], [], []
        self.feed(page)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data if "style" not in self.open else ""


def words(text: str) -> str:
    """Text as a reader sees it, whatever its white space."""
    return " ".join(text.split())


@pytest.fixture(scope="module")
def answers() -> cq.Comparison:
    """Two designs, one with a name that means something in Markdown, in HTML and in a shell."""
    designs = {"wait": BLOG, NASTY: BLOG.with_(feedback=cq.Silence(reload=cq.seconds(2)))}
    return cq.compare(designs, replications=3, engine="simpy")


@pytest.fixture(scope="module")
def folder(answers: cq.Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both reports of it."""
    folder = tmp_path_factory.mktemp("reports")
    answers.report(folder / "report.md", *METRICS, question="Which one?")
    answers.report(folder / "report.html", *METRICS, question="Which one?")
    return folder


@pytest.fixture(scope="module")
def swept() -> cq.Sweep:
    """A sweep of which two points cannot keep up."""
    rates = {"clients.arrivals.rate": ["100/s", "200/s", "5000/s"], "disk.write": ["1ms", "2ms"]}
    return cq.sweep(cq.grid(BLOG, rates), replications=2, engine="simpy")


@pytest.fixture(scope="module")
def sweep_report(swept: cq.Sweep, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of it."""
    folder = tmp_path_factory.mktemp("sweep")
    swept.report(folder / "sweep.md", "feedback_ms_p50", "feedback_share")
    return folder / "sweep.md"


class TestRendering:
    """Blocks become Markdown and HTML that say what the blocks say."""

    @given(TEXTS)
    @example("__0__")
    @example("a_b _c_ 1. x")
    @example("&amp; &lt; <b>")
    def test_both_renderings_say_the_same_words(self, text: str) -> None:
        """Whatever stands in a text, nothing of it is taken for markup."""
        report = Report("t", (Paragraph(text), Bullets((text,)), Table(("h",), ((text,),))))
        wanted = words(f"t {text} {text} h {text}")
        page = Text(webpage(report))
        assert words(page.words) == words(f"t {wanted}")  # the title stands in the head, too
        render = mistune.create_markdown(plugins=["table", "strikethrough", "math"])
        assert words(Text(str(render(markdown(report, "files")))).words) == wanted

    def test_every_kind_of_block(self) -> None:
        blocks = (
            Heading("H", 2),
            Paragraph("P"),
            Code("x = `1`\n", "python"),
            Picture("p", PNG, "C"),
            File("f.toml", "a<b"),
        )
        page, text = Text(webpage(Report("T", blocks))), markdown(Report("T", blocks), "my_files")
        assert {"h1", "h2", "p", "pre", "figure", "img", "details", "a"} <= set(page.tags)
        assert f"data:image/png;base64,{base64.b64encode(PNG).decode()}" in page.links and "a<b" in page.words
        for part in ("# T", "## H", "```python\nx = `1`\n```", "![C](my_files/p)", "[f.toml](my_files/f.toml)"):
            assert part in text

    def test_code_with_fences_in_it_stays_one_block(self) -> None:
        assert markdown(Report("T", (Code("```\nx\n```", "md"),)), "").endswith("````md\n```\nx\n```\n````\n")

    def test_numbers_stand_to_the_right(self) -> None:
        table = Table(("a", "b", "c"), (("2b", "1.5 ± 0.2", "-"), ("x", "> 5,000", "-")))
        assert [table.is_number(column) for column in range(3)] == [False, True, False]
        assert "| --- | ---: | --- |" in markdown(Report("T", (table,)), "")

    def test_a_section_without_anything_is_none(self) -> None:
        assert section("Empty", None) == []


class TestEndings:
    """The ending decides, and others are refused before anything is drawn."""

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("report.pdf", "write .html, and print it"),
            ("report.htm", 'did you mean ".html"?'),
            ("report", 'such as "report.html"'),
            ("report.docx", "a report ends in .md or .html"),
        ],
    )
    def test_another_ending_is_refused_with_a_hint(
        self, name: str, hint: str, answers: cq.Comparison, tmp_path: Path
    ) -> None:
        with pytest.raises(cq.ResultError, match=re.escape(hint)):
            answers.report(tmp_path / name)
        assert not list(tmp_path.iterdir())

    def test_a_folder_that_cannot_be_written_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(OSError, match="file"):
            checked_path(tmp_path / "file" / "report.md")

    def test_a_metric_that_does_not_exist_is_refused(self, answers: cq.Comparison, tmp_path: Path) -> None:
        with pytest.raises(cq.ResultError, match='did you mean "feedback_ms_p50"'):
            answers.report(tmp_path / "report.md", "feedbak_ms_p50")


class TestComparison:
    """What a report of a comparison tells."""

    def test_the_html_needs_nothing_else(self, folder: Path) -> None:
        """No script, no link that leads out of the file, and every tag is closed."""
        page = Text((folder / "report.html").read_text(encoding="utf-8"))
        assert "script" not in page.tags and all(link.startswith("data:") for link in page.links)
        assert page.tags.count("img") >= 4 and "i" not in page.tags

    def test_the_pictures_are_pictures_and_stand_beside_the_markdown(self, folder: Path) -> None:
        named = re.findall(r"\]\((report_files/[^)]+)\)", (folder / "report.md").read_text(encoding="utf-8"))
        assert {folder / name for name in named} == set((folder / "report_files").iterdir())
        for file in (folder / "report_files").glob("*.png"):
            width, height = struct.unpack(">II", file.read_bytes()[16:24])
            assert width >= 800 and height >= 200

    @pytest.mark.parametrize("name", ["report.md", "report.html"])
    def test_it_holds_all_that_a_reader_needs(self, name: str, folder: Path, answers: cq.Comparison) -> None:
        said = (folder / name).read_text(encoding="utf-8")
        page = said if name.endswith(".html") else str(mistune.create_markdown(plugins=["table"])(said))
        told = words(Text(page).words)
        headings = ["Question", "Answer", "Results", "Designs", "Assumptions", "Limits", "How to repeat it"]
        places = [re.search(rf"<h2>{heading}</h2>", page) for heading in headings]
        assert all(places) and [place.start() for place in places if place] == sorted(p.start() for p in places if p)
        assert "Which one?" in told and NASTY in told
        for number in answers.table("feedback_ms_p50")["feedback_ms_p50"]:
            assert number in told
        for digest in answers.runs["scenario"].unique():
            assert digest in told
        for part in (cq.__version__, "seed 1", "Silence(reload=seconds(2))", "identical commands", "3 replications"):
            assert part in told
        assert all(text in told for text in assumptions(answers.designs.values()))

    def test_equal_results_give_equal_reports_to_the_byte(
        self, answers: cq.Comparison, folder: Path, tmp_path: Path
    ) -> None:
        """Pictures, too."""
        for name in ("report.md", "report.html"):
            files = answers.report(tmp_path / name, *METRICS, question="Which one?")
            assert len(files) == (1 if name.endswith("html") else 9)
            for file in files:
                assert file.read_bytes() == (folder / file.relative_to(tmp_path)).read_bytes(), file

    def test_what_it_says_to_type_gives_the_same_runs(
        self, folder: Path, answers: cq.Comparison, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The Python code of the report, run where the report is, makes the same comparison."""
        code = re.search(r"```python\n(.*?)```", (folder / "report.md").read_text(encoding="utf-8"), re.DOTALL)
        assert code is not None
        monkeypatch.chdir(folder)
        made: dict[str, cq.Comparison] = {}
        exec(code[1], made)
        pd.testing.assert_frame_equal(made["comparison"].runs, answers.runs)

    def test_the_scenario_files_are_those_of_the_designs(self, folder: Path, answers: cq.Comparison) -> None:
        page = Text((folder / "report.html").read_text(encoding="utf-8"))
        within = [
            base64.b64decode(link.partition("base64,")[2]).decode() for link in page.links if "text/plain" in link
        ]
        beside = sorted((folder / "report_files").glob("*.toml"))
        assert [cq.load(file).digest() for file in beside] != [] and len(beside) == 2
        for scenario in answers.designs.values():
            assert any(cq.load(file) == scenario for file in beside)
            assert any(
                cq.from_dict(tomllib.loads(text)) == scenario for text in within if not text.startswith("design,")
            )

    def test_one_design_alone_and_chosen_metrics(self, tmp_path: Path) -> None:
        cq.compare({"blog": BLOG}, replications=1, engine="simpy").report(tmp_path / "report.md", "durability_ms_p50")
        said = (tmp_path / "report.md").read_text(encoding="utf-8")
        assert "# What comes of blog" in said and "one replication only" in said and "Differences" not in said
        assert "durability p50, ms" in said and "feedback p50, ms" not in said

    def test_a_design_with_functions_says_that_no_file_can_hold_it(self, tmp_path: Path) -> None:
        rule = cq.Rule(initial=0, decide=lambda state, command: [1], evolve=lambda state, event: state)
        answers = cq.compare({"blog": BLOG, "own": BLOG.with_(rule=rule)}, replications=1, engine="simpy")
        answers.report(tmp_path / "report.md", "feedback_ms_p50")
        said = (tmp_path / "report.md").read_text(encoding="utf-8")
        assert '"own" cannot be written to a file' in said and '"own": ...,' in said and "```sh" not in said


class TestParts:
    """What stands in a report, piece by piece."""

    def test_only_settings_that_differ_are_shown_as_deep_as_designs_are_alike(self) -> None:
        other = BLOG.with_({"clients.invalid": 0.5, "clients.arrivals.rate": "10/s", "disk.write": cq.ms(2)})
        table = differing({"one": BLOG, "other": other})
        assert table is not None
        assert table.rows == (
            ("clients.arrivals.rate", "200/s", "10/s"),
            ("clients.invalid", "0.02", "0.5"),
            ("disk.write", "Empirical(file='cqrsim:append_postgres_commit.csv')", "2ms"),
        )

    def test_equal_designs_differ_in_nothing(self) -> None:
        assert differing({"one": BLOG, "other": BLOG.with_(name="other")}) is None

    def test_faults_and_groups_that_only_some_have_are_shown_whole(self) -> None:
        table = differing({"one": BLOG, "other": BLOG.with_faults(cq.HandlerCrash(at=cq.ms(200)))})
        assert table is not None and [row[:2] for row in table.rows] == [("faults", "none")]

    def test_runs_that_failed_are_told(self) -> None:
        row = {"design": "wait", "replication": 2, "message": "ZeroDivisionError: <x>"}
        (told,) = of_failures(pd.DataFrame([row]), "design")
        assert told == '1 runs of design "wait" failed and are left out (replication 2): ZeroDivisionError: <x>'

    def test_every_assumption_is_told_of_some_scenario(self) -> None:
        """None of them waits for a scenario that cannot be."""
        closed = BLOG.with_({"clients.arrivals": cq.Closed(3, think="1s"), "projections.poll": "10ms"})
        tried = BLOG.with_(
            {
                "clients.retries": cq.Retries(first=cq.ms(10), at_most=2),
                "store.dedupe": True,
                "feedback": cq.ErrorCache(keep_for=cq.seconds(1)),
            }
        ).with_faults(cq.HandlerCrash(at=cq.ms(200)))
        assert set(assumptions([closed, tried])) == {each.text for each in ASSUMPTIONS}


class TestSweep:
    """What a report of a sweep tells."""

    def test_points_with_intervals_those_that_cannot_keep_up_and_a_picture(
        self, sweep_report: Path, swept: cq.Sweep
    ) -> None:
        said = sweep_report.read_text(encoding="utf-8")
        for number in swept.table("feedback_ms_p50")["feedback_ms_p50"]:
            assert number in said
        assert len(swept.unstable) == 2 and "2 of 6 points cannot keep up" in said
        for point, because in swept.unstable.items():
            assert f"Point {point} was not run" in said and because.partition(";")[0] in said
        assert (sweep_report.parent / "sweep_files" / "feedback_ms_p50.png").exists()
        assert "The same wherever it is known: feedback (100 %)" in said

    def test_what_it_says_to_type_gives_the_same_runs(
        self, sweep_report: Path, swept: cq.Sweep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        code = re.search(r"```python\n(.*?)```", sweep_report.read_text(encoding="utf-8"), re.DOTALL)
        assert code is not None
        monkeypatch.chdir(sweep_report.parent)
        made: dict[str, cq.Sweep] = {}
        exec(code[1], made)
        pd.testing.assert_frame_equal(made["result"].runs, swept.runs)

    def test_equal_results_give_equal_reports(self, sweep_report: Path, swept: cq.Sweep, tmp_path: Path) -> None:
        for file in swept.report(tmp_path / "sweep.md", "feedback_ms_p50", "feedback_share"):
            assert file.read_bytes() == (sweep_report.parent / file.relative_to(tmp_path)).read_bytes()


class TestCommandLine:
    """``cqrsim report``: from a folder of results."""

    @staticmethod
    def code(*arguments: object) -> int:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return int(ended.value.code or 0)

    @pytest.fixture
    def blog(self, tmp_path: Path) -> Path:
        BLOG.save(tmp_path / "blog.toml")
        return tmp_path / "blog.toml"

    def test_of_a_comparison(self, blog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The report of what was saved is the report of what was run."""
        arguments = ["--replications", 2, "--engine", "simpy", "--out", tmp_path / "out"]
        assert self.code("compare", blog, *arguments) == 0
        question = ["--question", "Is it fast?", "--metrics", "feedback_ms_p50"]
        assert self.code("report", tmp_path / "out", *question) == 0
        assert "report.html" in capsys.readouterr().out
        made = cq.compare({"blog": BLOG}, replications=2, engine="simpy")
        made.report(tmp_path / "now.html", "feedback_ms_p50", question="Is it fast?")
        assert (tmp_path / "out" / "report.html").read_bytes() == (tmp_path / "now.html").read_bytes()

    def test_of_a_sweep(self, blog: Path, tmp_path: Path) -> None:
        (tmp_path / "sweep.toml").write_text(FORM.replace("base.toml", blog.name))
        assert self.code("sweep", tmp_path / "sweep.toml", "--engine", "simpy", "--out", tmp_path / "out") == 0
        arguments = ["--out", tmp_path / "new" / "sweep.md", "--metrics", "feedback_ms_p50"]
        assert self.code("report", tmp_path / "out", *arguments) == 0
        assert "disk.write" in (tmp_path / "new" / "sweep.md").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["nowhere"], "nowhere: no such folder"),
            (["."], "no results of a comparison or a sweep; there are some in inner"),
            (["inner", "--out", "report.pdf"], "a report ends in .md or .html"),
        ],
    )
    def test_mistakes_are_told(
        self,
        arguments: list[str],
        told: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "inner").mkdir()
        (tmp_path / "inner" / "sweep.toml").touch()
        assert self.code("report", *arguments) == 2
        assert told in capsys.readouterr().err
