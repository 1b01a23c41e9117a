"""The command line as its users meet it: what it prints, what it writes, how it ends."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import typer
from reports import document, saved_machines

import dlbench
from dlbench.bench.cost.countries import PLACES
from dlbench.bench.results.schema import read_result
from dlbench.cli import main
from dlbench.commands.cost import cost_app
from dlbench.commands.help_pages.command_list import SUMMARIES
from dlbench.commands.viz import viz_app
from dlbench.export.precision import PRECISIONS
from dlbench.train.tasks.problems import LOSSES
from dlbench.viz.attribution.relevance_settings import METHODS

pytestmark = pytest.mark.usefixtures("replayed_rounds")

QUICK = ["--batch-sizes", "1", "--rounds", "2", "--budget", "0"]


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """Run a command that must be refused, and return its one line."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if line.startswith("dlbench:")]
    assert len(lines) == 1, captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""
    return lines[0]


def test_compare_ends_with_the_answer_on_one_screen(dense_file, workspace, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(workspace.parent)
    monkeypatch.setenv("DLBENCH_WORKSPACE", "out")  # a longer folder would take lines of its own
    assert main(["compare", str(dense_file), *QUICK, "--providers", "cpu,cuda"]) == 0
    lines = capsys.readouterr().out.splitlines()
    used = sum(max(1, -(-len(line.rstrip()) // 80)) for line in lines)
    assert used <= 22
    text = "\n".join(lines)
    for words in (
        "tiny",
        "Answers cost",
        "cuda could not run here",
        "warning:",
        "wrote",
        "next: open",
    ):
        assert words in text, text
    assert "calm rounds:" in text or used >= 21, text  # on a busy machine marks and warnings take its place
    assert "--full shows" in text


def test_compare_prints_the_tables_and_says_what_it_wrote_and_what_is_next(dense_file, workspace, capsys):
    assert main(["compare", str(dense_file), *QUICK, "--providers", "cpu,cuda", "--full"]) == 0
    text = capsys.readouterr().out
    for words in ("Speed, and where it ran", "Cost of inferences, in ", "ran 4/4", "USD/kWh", "wrote", "next:"):
        assert words in text, text
    (file,) = (workspace / "results").glob("*.json")
    assert read_result(file).complete
    assert sorted(p.suffix for p in (workspace / "reports").iterdir()) == [".csv", ".html", ".md"]
    assert not list((workspace / "results").glob("*.jsonl"))


def test_a_column_that_the_answer_lacks_is_looked_for_in_all_tables(dense_file, workspace, capsys):
    assert main(["compare", str(dense_file), *QUICK, "--columns", "p99"]) == 0
    text = capsys.readouterr().out
    assert "Speed, and where it ran" in text and "p99" in text


def test_strict_makes_an_unavailable_provider_an_error(dense_file, workspace, capsys):
    arguments = ["compare", str(dense_file), *QUICK, "--strict"]
    assert main([*arguments, "--providers", "cpu"]) == 0
    assert main([*arguments, "--providers", "cpu,coreml"]) == 1


def test_json_prints_the_result_on_standard_output_and_nothing_else(dense_file, workspace, capsys):
    assert main(["compare", str(dense_file), *QUICK, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["schema"] == "dlbench.result/1" and [s["place"] for s in result["standings"]] == [1]
    assert all(isinstance(cell["disturbed"], bool) for cell in result["cells"])


def test_the_users_own_price_and_power_enter_the_cost(dense_file, workspace, capsys):
    arguments = ["compare", str(dense_file), *QUICK, "--json", "--machine-price", "876", "--machine-power", "50"]
    assert main([*arguments, "--electricity-price", "0.2", "--rent", "aws-c5-2xlarge"]) == 0
    result = json.loads(capsys.readouterr().out)
    costs = {c["option"]: c["usd_per_hour"] for c in result["cells"][0]["cost_usd_per_million"]}
    assert costs["own"] == pytest.approx(876 / 4380 + 0.2 * 0.05)
    assert costs["rent"] == pytest.approx(0.34 * 1.1 * result["machine"]["usable_cores"] / 8)  # its 8 vCPUs, shared out


def test_the_machine_and_the_country_may_be_named(dense_file, workspace, capsys):
    arguments = ["compare", str(dense_file), *QUICK, "--json", "--machine", "desktop-5950x", "--machine-price", "799"]
    assert main([*arguments, "--country", "HU", "--eur-usd", "2"]) == 0
    result = json.loads(capsys.readouterr().out)
    (inputs,) = result["cost_inputs"]
    assert inputs["device"] == "desktop-5950x" and inputs["power_w"] == 105
    assert inputs["electricity_usd_per_kwh"] == pytest.approx(0.104 * 2)
    (electricity,) = [p for p in result["prices"] if p["unit"] == "USD/kWh"]
    assert "Hungary" in electricity["source"] and "2 USD for 1 EUR (as given)" in electricity["source"]
    assert "Did you mean" in refused(capsys, ["compare", str(dense_file), "--machine", "desktop-5950"])
    assert "unknown country" in refused(capsys, ["compare", str(dense_file), "--country", "XX"])


def test_report_writes_three_files_from_a_result(dense_file, workspace, capsys):
    main(["compare", str(dense_file), *QUICK])
    (file,) = (workspace / "results").glob("*.json")
    out = workspace / "elsewhere"
    assert main(["report", str(file), "--out", str(out)]) == 0
    assert sorted(p.suffix for p in out.iterdir()) == [".csv", ".html", ".md"]


def test_what_is_not_named_is_the_newest_result(workspace, capsys, tmp_path):
    assert "expected a result file, received none" in refused(capsys, ["report"])
    assert "expected two results or two models, received none" in refused(capsys, ["diff"])
    folder = workspace / "results"
    folder.mkdir(parents=True)
    old, new = (
        path.rename(folder / f"compare-{path.name}") for path in saved_machines(tmp_path, document(), document())
    )
    os.utime(old, (1, 1))
    assert main(["report"]) == 0
    assert f"the newest result: {new.name}" in capsys.readouterr().err.replace("\n", "")
    assert (workspace / "reports" / f"{new.stem}.html").exists()
    for full in ([], ["--full"]):
        assert main(["report", "--format", "terminal", *full]) == 0
        assert f"the newest result: {new.name}" in capsys.readouterr().out.replace("\n", "")
    for named in ([], [str(old)]):
        assert main(["diff", *named, "--format", "md"]) == 0
        assert re.search(f"{old.name} .*{new.name}", capsys.readouterr().out)
    assert "received cnn alone" in refused(capsys, ["diff", "cnn"])
    assert "it is the newest one" in refused(capsys, ["diff", str(new)])


@pytest.mark.parametrize("option", ["--columns", "--sort"])
def test_an_unknown_column_is_told_before_anything_is_shown(option, capsys, tmp_path):
    (file,) = saved_machines(tmp_path, document())
    for command in (["report", str(file), "--full"], ["report", str(file), "--format", "terminal"], ["doctor"]):
        assert main([*command, option, "nosuch"]) == 2
        shown = capsys.readouterr()
        assert not shown.out and shown.err.startswith(f"dlbench: {option}: expected "), command


def test_report_leaves_out_a_broken_file_and_writes_nothing_where_none_is_left(workspace, capsys, tmp_path):
    (good,) = saved_machines(tmp_path, document())
    bad = tmp_path / "bad.json"
    bad.write_text(good.read_text()[:-20])
    assert "truncated" in refused(capsys, ["report", str(bad), "--out", str(tmp_path / "reports")])
    assert not (tmp_path / "reports").exists()
    assert main(["report", str(good), str(bad), "--out", str(tmp_path / "reports")]) == 0
    assert "truncated" in " ".join(capsys.readouterr().err.split())
    assert (tmp_path / "reports").is_dir()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["comprae"], "Did you mean 'compare'"),
        (["compare", "--bogus"], "No such option"),
        (["compare", "cn"], "Did you mean cnn"),
        (["compare", "nothing/here.onnx"], "received nothing"),
        (["compare", "cnn", "--providers", "cpu,cuad"], "Did you mean cuda"),
        (["compare", "cnn", "--batch-sizes", "1,x"], "expected numbers"),
        (["compare", "cnn", "--batch-sizes", "1.5"], "whole numbers"),
        (["compare", "cnn", "--budget", "nan"], "--budget: expected seconds"),
        (["compare", "cnn", "--budget", "-1"], "--budget: expected seconds"),
        (["compare", "cnn", "--budget", "2x"], "90s or 2min, received '2x'"),
        (["compare", "cnn", "--round-timeout", "0.5s"], "--round-timeout: expected seconds from 1"),
        (["tune", "cnn", "--budget", "much"], "--budget: expected seconds"),
        (["doctor", "--noise", "--budget", "-1min"], "--budget: expected seconds"),
        (["compare", "cnn", "--threads", "0"], "--threads: expected"),
        (["compare", "cnn", "--streams", "0"], "--streams: expected"),
        (["compare", "cnn", "--scenario", "sever"], "Did you mean server"),
        (["compare", "cnn", "--scenario", ","], "--scenario: expected"),
        (["compare", "cnn", "--rates", "10"], "together with --scenario server"),
        (["compare", "cnn", "--cuda-graph"], "together with --providers cuda"),
        (["compare", "cnn", "--provider-option", "cuda:use_tf32=0"], "add it to --providers"),
        (["compare", "cnn", "--provider-option", "cpu:spin=0"], "unknown option of cpu"),
        (["compare", "cnn", "--provider-option", "cpu"], "PROVIDER:KEY=VALUE"),
        (["diff", "a.json", "cnn"], "two result files or two models"),
        (["diff", "a.json", "b.json"], "no result file"),
        (["diff", "a.json", "b.json", "--fail-if-slower", "many"], "such as 5%"),
        (["compare", "cnn", "--batch-sizes", "0"], "from 1 to"),
        (["compare", "cnn", "--shape", "image"], "--shape can't be read"),
        (["compare", "cnn", "--machine-price", "-1"], "out of range"),
        (["compare", "cnn", "--rent", "aws-nothing"], "price list"),
        (["compare", "cnn", "--prices", "nothing.toml"], "no price file"),
        (["report", "nothing.json"], "no result file"),
        (["cost", "catalogue", "--kind", "abacus"], "unknown kind"),
        (["train", "cnnn"], "Did you mean cnn"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(arguments: list[str], words: str, workspace, capsys):
    assert words in refused(capsys, arguments)


def test_a_workspace_that_can_not_be_written_is_told_before_any_work(dense_file, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    line = refused(capsys, ["compare", str(dense_file), "--workspace", str(tmp_path / "file" / "out")])
    assert "can't write" in line and "--workspace" in line


def test_doctor_says_what_can_run_and_how_to_fix_the_rest(workspace, capsys):
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "provider cpu: ran a model" in text
    assert "provider cuda:" in text
    assert "next: dlbench compare --providers cpu" in text
    assert main(["doctor", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert {"what", "state", "detail", "mend"} == set(findings[0])
    assert all(f["mend"] or f["state"] != "missing" for f in findings if f["what"].startswith("provider"))


def test_the_price_list_is_printed_whole(capsys):
    assert main(["cost", "catalogue", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 85
    assert main(["cost", "catalogue", "--kind", "cpu"]) == 0
    assert "desktop-5950x" in capsys.readouterr().out


def test_the_price_file_template_can_be_used_as_it_is(dense_file, workspace, capsys, tmp_path):
    assert main(["cost", "template"]) == 0
    path = tmp_path / "prices.toml"
    path.write_text(capsys.readouterr().out)
    arguments = ["compare", str(dense_file), *QUICK, "--json", "--prices", str(path), "--rent", "school-server"]
    assert main(arguments) == 0
    cell = json.loads(capsys.readouterr().out)["cells"][0]
    kwh = cell["energy_j_per_inference"] / 3.6
    assert cell["co2_kg_per_million"]["HU"] == pytest.approx(kwh * 204 / 1000) and cell["co2_kg_per_million"]["WORLD"]
    assert {c["option"]: c["usd_per_hour"] for c in cell["cost_usd_per_million"]}["rent"] == pytest.approx(0.275)


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_command_of_the_help_is_there_and_its_summary_fits_the_line(name, capsys):
    assert main([name, "--help"]) == 0
    assert f" {name} [OPTIONS]" in capsys.readouterr().out
    assert main(["--help"]) == 0
    assert f"  {name:<8} {SUMMARIES[name]}\n" in capsys.readouterr().out


def test_help_imports_no_command():
    code = (
        "import sys; from dlbench.cli import main; main(['--help']); print('dlbench.commands.compare' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'dlbench.commands.compare'" not in done.stdout


def test_help_and_version_need_no_heavy_import(capsys):
    code = (
        "import sys; from dlbench.cli import main; main(['--help']); main(['compare', '--help']); "
        "heavy = ('torch', 'torchvision', 'onnxruntime', 'onnx', 'matplotlib', 'scipy', 'numpy'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("dlbench ")


def test_the_module_runs_like_the_command():
    done = subprocess.run([sys.executable, "-m", "dlbench", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dlbench ")


def test_the_wheel_names_every_folder_of_the_package():
    """setuptools lists packages one by one, so a new folder must be added there too."""
    import tomllib

    root = Path(__file__).parents[1]
    listed = set(tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    folders = {
        f"dlbench.{init.parent.relative_to(root).as_posix().replace('/', '.')}"
        for part in ("train", "export", "bench", "viz")
        for init in (root / part).rglob("__init__.py")
    }
    links = ("train", "export", "bench", "viz")
    source = root / "src"
    own = {
        ".".join(init.parent.relative_to(source).parts)
        for init in source.rglob("__init__.py")
        if not set(links) & set(init.relative_to(source).parts[1:2])
    }
    assert folders | own == listed


@pytest.mark.parametrize("group", [(), ("cost",), ("viz",)])
@pytest.mark.parametrize(("lang", "heading"), [("en", "Commands:\n"), ("hu", "Parancsok:\n")])
def test_the_summary_of_every_command_fits_its_line(
    group: tuple[str, ...], lang: str, heading: str, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*group, "--help", "--lang", lang]) == 0
    commands = capsys.readouterr().out.partition(heading)[2].splitlines()
    assert len(commands) > 4 and all(re.match(r"  [a-z-]+ +[^\W\da-z].*(?<!\.\.)$", line) for line in commands), (
        commands
    )
    assert all(len(line) <= 80 for line in commands)


@pytest.mark.parametrize("lang", ["en", "hu"])
def test_no_line_of_any_help_screen_is_cut_or_too_wide(lang: str, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    groups = {"cost": cost_app, "viz": viz_app}
    below = [[group, name] for group, app in groups.items() for name in typer.main.get_command(app).commands]
    assert len(below) > 12
    for words in [[], *([name] for name in SUMMARIES), *below]:
        assert main([*words, "--help", "--lang", lang]) == 0
        _usage, *lines = capsys.readouterr().out.rstrip().split("\n\n")
        assert len(lines) > 1, words
        for line in "\n".join(lines).splitlines():
            assert len(line) <= 80 and "…" not in line and not line.endswith("..."), (words, line)


@pytest.mark.parametrize(
    ("words", "names"), [(["export"], PRECISIONS), (["viz", "relevance"], METHODS), (["train"], LOSSES)]
)
def test_the_help_names_every_choice(words: list[str], names: Iterable[str], capsys):
    assert main([*words, "--help"]) == 0
    printed = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert [name for name in names if name not in printed] == []


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["cost", "catalogue", "--kind", "gpuu"], "gpu"),
        (["cost", "catalogue", "--columns", "nam"], "name"),
        (["cost", "catalogue", "--sort=-pricee"], "price-of"),
        (["compare", "--country", "HUN"], "HU"),
        (["compare", "--lang", "hungarain"], "hu"),
        (["report", "a.json", "--format", "termnal"], "terminal"),
        (["choose", "dense", "--format", "mdd"], "md"),
    ],
)
def test_an_unknown_name_is_answered_with_close_ones(arguments: list[str], meant: str, capsys):
    assert f"Did you mean {meant}" in refused(capsys, arguments)


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["cost", "catalogue", "--json", "--columns", "id"], "--columns"),
        (["inspect", "cnn", "--json", "--sort=-macs"], "--sort"),
        (["history", "--json", "--columns", "median", "--sort", "median"], "--columns"),
        (["viz", "errors", "cnn", "--json", "--columns", "class"], "--columns"),
        (["diff", "a.json", "b.json", "--format", "md", "--sort", "ratio"], "--sort"),
        (["report", "a.json", "--format", "html", "--columns", "network"], "--columns"),
    ],
)
def test_columns_are_refused_where_no_table_is_printed(arguments: list[str], option: str, capsys):
    line = refused(capsys, arguments)
    assert f"{option}: expected tables in the terminal" in line
    assert ("leave one of the two out" in line) == ("--json" in arguments)


@pytest.mark.parametrize("command", ["compare", "cost buy-or-rent"])
def test_the_countries_are_all_in_the_help_and_in_the_error(command: str, capsys):
    assert main([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    line = refused(capsys, [*command.split(), "--country", "XX", "--electricity-price", "0.2"])
    for code in PLACES:
        assert re.search(rf"\b{code}\b", shown) and re.search(rf"\b{code}\b", line), code
    assert "give --electricity-price in USD too" in refused(capsys, [*command.split(), "--country", "fr"])


def test_inspect_and_the_list_of_layers_only_look(workspace, capsys):
    for arguments in (["inspect", "cnn"], ["viz", "activations", "cnn", "--list"]):
        line = refused(capsys, arguments)
        assert "cnn is not trained yet" in line and "dlbench train cnn" in line
    assert not workspace.exists()


@pytest.mark.parametrize("group", ["cost", "viz"])
def test_a_group_without_a_command_lists_its_commands(group, capsys):
    assert main([group]) == 0
    captured = capsys.readouterr()
    assert "Commands:" in captured.out and captured.err == ""


def test_training_without_torch_is_refused_in_one_line_before_anything_is_imported(workspace):
    code = "import sys; sys.modules['torch'] = None; from dlbench.cli import main; sys.exit(main(sys.argv[1:]))"
    for arguments in (["train", "cnn"], ["train", "--compare", "dense,cnn"], ["inspect", "resnet18"]):
        found = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert found.returncode == 2, found.stderr
        assert found.stderr.count("\n") == 1 and 'pip install "dlbench[train]"' in found.stderr


def test_what_export_and_tune_do_without_options_is_what_python_does():
    from dlbench.commands.export import export
    from dlbench.commands.tune import tune

    for command, function in ((export, dlbench.export_model), (tune, dlbench.tune)):
        typed, called = inspect.signature(command).parameters, inspect.signature(function).parameters
        shared = [name for name in typed if name in called and typed[name].default is not inspect.Parameter.empty]
        differ = [name for name in shared if (typed[name].default or None) != (called[name].default or None)]
        assert len(shared) > 8 and differ == []


def test_a_command_has_no_argument_that_what_it_calls_by_name_does_not_take():
    from dlbench.api.measuring import measure_settings
    from dlbench.commands import choose, compare, cost, diff, export, history, tune

    shown = "workspace as_json form preset columns full sort keep_paths fail_if_unclear"  # by the command itself
    own = {
        "compare": {"more_models", "resume", "strict"},
        "export": {"models", "shape", "inputs"},
        "diff": {"a", "b", "same_within", "fail_if_slower", "max_accuracy_drop", "data"},
        "tune": {"model", "precision", "accuracy_drop", "data"},
    }
    for command, function in (
        (compare.compare, dlbench.compare),
        (choose.choose, dlbench.choose),
        (cost.buy_or_rent.buy_or_rent, dlbench.buy_or_rent),
        (export.export, dlbench.export_model),
        (history.history, dlbench.history),
        (diff.diff, measure_settings),
        (tune.tune, measure_settings),
    ):
        typed, taken = inspect.signature(command).parameters, inspect.signature(function).parameters
        left = set(typed) - set(taken) - set(shown.split())
        assert left == own.get(command.__name__, set())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_and_a_closed_output_are_no_traceback():
    command = [sys.executable, "-m", "dlbench", "help", "words"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1 and ended.stderr.startswith("dlbench: standard output can't be written: No space")
    closed = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True, check=False)
    assert (closed.returncode, closed.stderr) == (0, "")
