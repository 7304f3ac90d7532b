"""Files: what cannot be read is explained, with its line; measured files are found from the scenario's folder."""

import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds, us
from cqrsim.scenario import presets
from cqrsim.scenario.files import read_table

GOOD = '[clients.arrivals]\nkind = "Poisson"\nrate = "200/s"\n'


def told_of(path):
    with pytest.raises(cq.ScenarioError) as caught:
        cq.load(path)
    return str(caught.value)


def written(folder, text, name="a.toml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.toml", "length = 5s\n", ('a.toml: line 1: not TOML: expected newline or end of document after a statement '
         '(got "length = 5s"); texts and amounts need quotes: "5s"')),
        ("a.toml", "\n[disk\n", "a.toml: line 2: not TOML"),
        ("a.toml", 'name = "a"\nname = "b"\n', 'a.toml: line 2: not TOML: cannot overwrite a value (got "name = "b"")'),
        ("a.toml", b"name = '\xff'", "a.toml: is not UTF-8 text"),
        ("a.json", '{"length": "5s",}', "a.json: line 1: not JSON"),
        ("a.json", '{"length": "5s", "length": "6s"}', "a.json: length: is given twice"),
        ("a.json", '{"clients": {"invalid": NaN}}', "a.json: NaN is not a number that a setting can have"),
        ("a.json", "[]", "a.json: must be an object with settings"),
        ("a.yaml", "length: 5s", "must be a .toml or .json file"),
        ("a.toml", 'scenario = "blog.toml"\n', ('a.toml: scenario: this file holds a scenario within other things; '
         'try "cqrsim sweep"')),
        ("a.toml", "", "a.toml: clients: is missing: a group of clients"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_are_explained(tmp_path, name, text, told):
    assert told.replace('"name = "b""', '"name = \\"b\\""') in told_of(written(tmp_path, text, name))


def test_a_missing_file_is_told_with_its_neighbour(tmp_path):
    written(tmp_path, GOOD, "blog.toml")
    assert "no such file; did you mean" in told_of(tmp_path / "blgo.toml")
    assert "cannot be read" in told_of_folder(tmp_path)


def told_of_folder(folder):
    (folder / "x.toml").mkdir()
    return told_of(folder / "x.toml")


def test_a_good_file_is_a_scenario(tmp_path):
    assert cq.load(written(tmp_path, GOOD)) == cq.Scenario(cq.Clients(cq.Poisson(per_second(200))))
    assert cq.load(str(written(tmp_path, "\ufeff" + GOOD))).length == seconds(60)
    assert read_table(tmp_path / "a.toml") == {"clients": {"arrivals": {"kind": "Poisson", "rate": "200/s"}}}


def test_measured_files_are_found_from_the_folder_of_the_scenario(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "inner"
    folder.mkdir()
    written(folder, "write_us\n100\n300\n", "times.csv")
    path = written(folder, GOOD + '[disk.write]\nkind = "Empirical"\nfile = "times.csv"\n')
    scenario = cq.load(path)
    assert scenario.disk.write.values_ns.tolist() == [100_000, 300_000]
    assert scenario.disk.write.mean_ns() == 200_000


def test_a_saved_scenario_finds_its_measured_file_again_from_anywhere(tmp_path):
    times = written(tmp_path, "1\n2\n", "times.csv")
    scenario = presets.blog().with_({"disk.write": cq.Empirical(file=str(times), unit="ms")})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    scenario.save(elsewhere / "blog.toml")
    assert cq.load(elsewhere / "blog.toml") == scenario
    scenario.save(tmp_path / "blog.json")
    assert '"file": "times.csv"' in (tmp_path / "blog.json").read_text()
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert cq.load(moved / "blog.json") == scenario
    moved.rename(tmp_path)


def test_only_toml_and_json_are_written(tmp_path):
    with pytest.raises(cq.ScenarioError, match=r"must end in \.toml or \.json"):
        presets.blog().save(tmp_path / "blog.yaml")


def test_a_custom_rule_cannot_be_written_and_says_so(tmp_path):
    def decide(state, command):
        return ()

    scenario = presets.blog().with_(rule=cq.Rule(decide, lambda state, event: state, 0))
    for write in (scenario.to_dict, scenario.to_json, scenario.to_toml, lambda: scenario.save(tmp_path / "a.toml")):
        with pytest.raises(cq.ScenarioError, match=r"rule: a custom Rule \(decide=.*decide, evolve=.*\) cannot be"):
            write()
    assert "A custom rule decides: " in scenario.describe()


@pytest.mark.parametrize(
    ("text", "settings", "told"),
    [
        ("", {}, "file: is empty"),
        ("us\n", {}, "file: holds no values"),
        ("us\n1\nx\n3\n", {}, 'file: line 3: not a number (got "x")'),
        ("us\n1\n-3\n", {}, 'file: line 3: a duration cannot be negative (got "-3")'),
        ("us\nnan\ninf\n", {}, 'file: line 2: not a number (got "nan")'),
        ("a,b\n1,2\n3\n", {"column": "b"}, 'file: line 3: not a number (got "")'),
        ("a,b\n1,2\n", {"column": "c"}, "column: no such column in "),
        ("write_us,b\n1,2\n", {"column": "write"}, 'did you mean "write_us"?'),
        ("us\nx\nx\nx\nx\nx\n", {}, "2 more values are wrong in the same list"),
    ],
)
def test_wrong_measured_files_are_explained(tmp_path, text, settings, told):
    path = written(tmp_path, text, "times.csv")
    with pytest.raises(cq.ScenarioError) as caught:
        cq.Empirical(file=str(path), **settings)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "settings", "values"),
    [
        ("1.5\n2\n", {}, [us(1.5), us(2)]),
        ("time\n\n1.5\n2\n", {"unit": "ms"}, [ms(1.5), ms(2)]),
        ("a,b\n1, 2\n3, 4\n", {"column": "b"}, [us(2), us(4)]),
        ("took\n1ms\n2us\n", {}, [ms(1), us(2)]),
    ],
)
def test_measured_files_are_read(tmp_path, text, settings, values):
    path = written(tmp_path, text, "times.csv")
    made = cq.Empirical(file=str(path), **settings)
    assert made.values == tuple(values)
    assert made == cq.Empirical(values)
    assert hash(made) == hash(cq.Empirical(values))
    recorded = cq.Recorded(file=str(path), **settings)
    assert recorded == cq.Recorded(gaps=values)


def test_a_changed_measured_file_is_read_anew(tmp_path):
    path = written(tmp_path, "1\n", "times.csv")
    before = cq.Empirical(file=str(path))
    written(tmp_path, "1\n2\n", "times.csv")
    assert cq.Empirical(file=str(path)) != before


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: cq.Empirical(), "Empirical: needs values or file"),
        (lambda: cq.Empirical([1], file="cqrsim:append_postgres_commit.csv"), "takes only one of values or file"),
        (lambda: cq.Empirical(file="cqrsim:append_postgres.csv"),
         'did you mean "cqrsim:append_postgres_commit.csv"?'),
        (lambda: cq.Empirical(file="nowhere.csv"), "file: no such file: "),
        (lambda: cq.Empirical([1, "x", None]), 'values.1: not a number (got "x")'),
        (lambda: cq.Empirical("1, 2"), "values: must be a list of durations"),
        (lambda: cq.Empirical([1, -2]), "values.1: a duration cannot be negative (got -2)"),
        (lambda: cq.Empirical([1], unit="usec"), 'did you mean "us"?'),
        (lambda: cq.Empirical(file=5), "file: must be the path of a CSV file (got 5)"),
    ],
)  # fmt: skip
def test_wrong_measured_values_are_explained(make, told):
    with pytest.raises(cq.ScenarioError) as caught:
        make()
    assert told in str(caught.value)
