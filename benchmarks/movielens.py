"""MovieLens 1M end to end: cold films held out whole, each user's last like for the rest, beside every baseline.

The data folder holds ncf-ml-1m/ (the leave-one-out split of "Neural Collaborative Filtering") and ml-1m-content/
(users, movies, plots) as parquet; the public originals are GroupLens' ml-1m and the NCF authors' repository.

    python -m benchmarks.movielens --data DIR
"""

from benchmarks.common import Result
from benchmarks.folder import Measured, measure, measure_folder


def main() -> None:
    """Run and write the result file."""
    measure_folder("movielens", __doc__, also=without_cold_places)


def without_cold_places(measured: Measured) -> None:
    """Add the figures of the same model where no places are kept for cold films."""
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
