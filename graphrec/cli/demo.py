"""`graphrec demo`: a simulated network from nothing to explained recommendations."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphrec.cli.console import one_line_errors, say, write_json
from graphrec.cli.options import AsJson, Debug, DryRun, Overrides, Quiet, Seed, check_local
from graphrec.cli.progress import Watcher, watching
from graphrec.cli.tour import print_tour, summary

if TYPE_CHECKING:
    from graphrec.config import RunConfig
    from graphrec.pipeline import StageDone
    from graphrec.simulate import SimulationConfig

CONFIG = "flutter.yaml"
Size = Literal["small", "default"]


@dataclass(frozen=True)
class Demo:
    """A finished demo.

    Attributes:
        file: Config that was run.
        data: Folder of the tables.
        store: Folder of the store.
        searchable: Whether texts of one's own can be searched for.
        version: Name of the version.
        stages: What ran, in order.
        simulated_s: Seconds the simulation took; 0 where the network was there.
        seconds: Seconds in all.
    """

    file: Path
    data: Path
    store: Path
    searchable: bool
    version: str
    stages: "tuple[StageDone, ...]"
    simulated_s: float
    seconds: float


def demo(
    folder: Annotated[
        Path, typer.Option(help="Where everything goes; run again, finished work is found there.")
    ] = Path("demo"),
    size: Annotated[
        Size, typer.Option(help="default: 2,000 users, 6,000 flits, 90 days; small: 200 users.")
    ] = "default",
    seed: Seed = 0,
    overrides: Overrides = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Simulate a network, run everything on it, show what came out and what to try next.

    Run again, it finds what is finished and shows it. Nothing is downloaded.

    Examples: [bold]graphrec demo[/]

    [bold]graphrec demo --size small --folder demo_small[/] (quicker)
    """
    with one_line_errors(debug):
        from graphrec.simulate import SimulationConfig

        check_local("--folder", folder)
        network = SimulationConfig.preset(size, seed=seed)
        config = demo_config(folder, overrides or [])
        if dry_run:
            _plan(config, network, as_json)
            return
        with watching(quiet) as watcher:
            done = run_demo(config, network, watcher)
        if as_json:
            write_json(summary(done))
        else:
            print_tour(done)


def _plan(config: "RunConfig", network: "SimulationConfig", as_json: bool) -> None:
    """Say what a demo would do."""
    if as_json:
        size = {"users": network.users, "flits": network.flits, "days": network.days, "seed": network.seed}
        write_json({"simulate": size, "config": str(config_file()), "data": config.data, "store": config.store})
        return
    say(f"would simulate {network.users:,} users and {network.flits:,} flits into {config.data},")
    say(f"run {config_file()} on them and publish into {config.store}; nothing was written")


def config_file(name: str = CONFIG) -> Path:
    """Return a config that comes with graphrec: from the installed package, or from a source checkout.

    Raises:
        ConfigError: If there is none of this name.
    """
    from graphrec.errors import ConfigError

    package = Path(__file__).parents[1]
    places = (package / "configs" / name, package.parent / "configs" / name)
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise ConfigError(f"configs/{name} must lie beside or inside the package (got none); install graphrec again")
    return found


def demo_config(folder: Path, overrides: list[str]) -> "RunConfig":
    """Return the packaged config, with tables and store below ``folder``."""
    from graphrec.config import load_config

    config = load_config(config_file(), overrides)
    here = folder.absolute()
    return config.model_copy(update={"data": str(here / "data"), "store": str(here / "store")})


def run_demo(config: "RunConfig", network: "SimulationConfig", watcher: Watcher) -> Demo:
    """Simulate and run."""
    from graphrec.pipeline import Runner
    from graphrec.pipeline import run as run_line

    start, data = time.perf_counter(), Path(config.data)
    simulated = simulate_once(network, data)
    simulated_s = time.perf_counter() - start
    watcher.line("simulate", f"{simulated_s:.1f} s" if simulated else "found")
    runner = Runner.of(config, on_progress=watcher.on_progress, on_stage=watcher.on_stage)
    version = run_line(config, runner=runner)
    return Demo(
        file=config_file(),
        data=data,
        store=Path(config.store),
        searchable=config.features.text.encoder == "transformer",
        version=version.name,
        stages=tuple(runner.history),
        simulated_s=simulated_s if simulated else 0.0,
        seconds=time.perf_counter() - start,
    )


def simulate_once(network: "SimulationConfig", data: Path) -> bool:
    """Simulate into ``data`` unless it is there; the folder appears whole or not at all.

    Returns:
        Whether anything was simulated.

    Raises:
        ConfigError: If another network lies there.
    """
    import shutil

    from graphrec.errors import ConfigError
    from graphrec.simulate import simulate
    from graphrec.simulate.reading import read_config

    if data.exists():
        if read_config(data) != network:
            raise ConfigError(
                f"--folder must hold the network asked for (got another size or seed in {data}); "
                "take another --folder or remove it"
            )
        return False
    draft = data.with_name(f"{data.name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    simulate(network, draft)
    draft.rename(data)
    return True
