"""MovieLens 1M end to end: cold films held out whole, each user's last like for the rest, beside every baseline.

The data folder holds ncf-ml-1m/ (the leave-one-out split of "Neural Collaborative Filtering") and ml-1m-content/
(users, movies, plots) as parquet; the public originals are GroupLens' ml-1m and the NCF authors' repository.

    python -m benchmarks.movielens --data DIR
"""

from benchmarks.folder import measure_folder


def main() -> None:
    """Run and write the result file."""
    measure_folder("movielens", __doc__)


if __name__ == "__main__":
    main()
