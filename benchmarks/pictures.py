"""Draw the README's picture: one user's interests on a small simulated network, as medoid cards.

python -m benchmarks.pictures
"""

import argparse
import tempfile
from pathlib import Path

import polars as pl

from graphrec.pipeline import run
from graphrec.retrieval.retriever import Retriever
from graphrec.simulate import SimulationConfig, simulate

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Simulate, run, draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "interests.png", help="PNG to write")
    parser.add_argument("--user", default="bird_0042", help="whose interests")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        simulate(SimulationConfig.preset("small", seed=3), home / "data")
        baselines = "evaluation.baselines=[popular]"
        run(ROOT / "configs" / "flutter.yaml", [f"data={home / 'data'}", f"store={home / 'store'}", baselines])
        table = pl.read_parquet(home / "data" / "flits.parquet").drop_nulls("image")
        images = dict(table.select("flit_id", "image").iter_rows())
        figure = Retriever.open(home / "store").interest_cards(options.user, images).plot()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.out, dpi=80)


if __name__ == "__main__":
    main()
