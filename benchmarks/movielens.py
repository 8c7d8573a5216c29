"""MovieLens 1M end to end: cold films held out whole, each user's last like for the rest, beside every baseline.

The data folder holds ncf-ml-1m/ (the leave-one-out split of "Neural Collaborative Filtering") and ml-1m-content/
(users, movies, plots) as parquet; the public originals are GroupLens' ml-1m and the NCF authors' repository.

    python -m benchmarks.movielens --data DIR
"""

from benchmarks.common import Result
from benchmarks.folder import Measured, known_alone, measure, measure_folder


def main() -> None:
    """Run and write the result file."""
    measure_folder("movielens", __doc__, also=other_places)


def other_places(measured: Measured) -> None:
    """Add what the model finds where films share a list in other ways."""
    known_alone(measured)
    without_cold_places(measured)


def without_cold_places(measured: Measured) -> None:
    """Add the figures of the same model where no places are kept for cold films, and weights are chosen so."""
    config = measured.config
    plain = config.model_copy(
        update={
            "retrieval": config.retrieval.model_copy(update={"cold_share": 0.0}),
            "evaluation": config.evaluation.model_copy(update={"baselines": ("popular",)}),
        }
    )
    other = measure(plain, Result("movielens", 0))
    for one in other.evaluation.figures(slices=("all", "warm", "cold")):
        if one["name"].startswith("graphrec.") and one["value"] is not None:
            measured.result.add(one["name"].replace("graphrec.", "graphrec_cold_share_0."), one["value"])


if __name__ == "__main__":
    main()
