import subprocess
import sys
from pathlib import Path

import pytest

import graphrec
from graphrec.cli.app import PANELS
from graphrec.cli.console import shell_path, sparkline
from tests.cli.conftest import CONFIG, Invoke

COMMANDS = [command.__name__.replace("_", "-") for commands in PANELS.values() for command in commands]


def graphrec_process(*args: object) -> subprocess.CompletedProcess[str]:
    """Run the command line as a shell would."""
    code = "from graphrec.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=False)


def test_help_lists_every_command(invoke: Invoke) -> None:
    done = invoke("--help")
    assert done.exit_code == 0
    for name in COMMANDS:
        assert f" {name} " in done.stdout
    assert invoke().stdout.strip() == done.stdout.strip()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_and_speaks_json(invoke: Invoke, name: str) -> None:
    shown = invoke(name, "-h").stdout
    assert f"graphrec {name}" in shown.split("Example", 1)[1]
    assert "--json" in shown
    assert "--debug" in shown


@pytest.mark.parametrize("name", ["demo", "simulate", "run"])
def test_what_writes_has_a_dry_run(invoke: Invoke, name: str) -> None:
    assert "--dry-run" in invoke(name, "--help").stdout


def test_the_version_is_printed(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"graphrec {graphrec.__version__}\n"


@pytest.mark.parametrize("args", [("recommed", "x"), ("recommend",), ("recommend", "x", "-k", "0"), ("run", "--nope")])
def test_bad_usage_exits_2(invoke: Invoke, args: tuple[str, ...]) -> None:
    assert invoke(*args).exit_code == 2


def test_a_process_exits_as_the_runner_says(tmp_path: Path) -> None:
    missing = graphrec_process("recommend", "bird_0001", "--store", tmp_path)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("error: Store must hold a version")
    unknown = graphrec_process("run", CONFIG, "--set", "modell.dim=8")
    assert unknown.returncode == 2
    assert unknown.stderr == "error: RunConfig.modell is not a known setting; did you mean 'model'?\n"


def test_a_sparkline_rises_with_its_values() -> None:
    assert sparkline([0, 1, 2, 7]) == "▁▂▃█"
    assert sparkline([3, 3]) == "▁▁"
    assert sparkline([]) == ""


def test_paths_are_short_and_safe_to_paste(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shell_path(tmp_path / "demo" / "store") == "demo/store"
    assert shell_path("a b") == "'a b'"
    assert shell_path("/elsewhere/x") == "/elsewhere/x"


def test_what_the_terminal_cannot_show_is_escaped() -> None:
    """A name of bytes that are no UTF-8, as a shell passes it on."""
    done = graphrec_process("versions", "--store", "no-store-\udcff")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"no-store-\udcff" in done.stdout
