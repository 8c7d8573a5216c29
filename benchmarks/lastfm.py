"""Last.fm (HetRec 2011) end to end: listens with counts, friends and tag words; no times, beside every baseline.

One random listen of every user is held out, and three in a hundred artists whole. The data folder holds
hetrec-lastfm-2k/ (user_artists, user_friends, user_taggedartists, artists, tags) as parquet; the public original is
GroupLens' hetrec2011-lastfm-2k.

    python -m benchmarks.lastfm --data DIR
"""

from benchmarks.folder import known_alone, measure_folder


def main() -> None:
    """Run and write the result file."""
    measure_folder("lastfm", __doc__, also=known_alone)


if __name__ == "__main__":
    main()
