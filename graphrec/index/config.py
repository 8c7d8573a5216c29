"""Settings of an index."""

from typing import Annotated, Literal

from pydantic import Field

from graphrec.section import Section

Space = Literal["cosine", "inner_product"]
"""What a score is: the cosine of query and vector, or their inner product."""


Kind = Literal["auto", "exact", "hnsw", "ivf"]
"""How vectors are searched."""


class IndexConfig(Section):
    """How vectors are indexed and searched."""

    space: Space = "cosine"
    """What a score is."""
    kind: Kind = "auto"
    """How vectors are searched: ``exact``, by ``hnsw``, or by ``ivf`` (lists around centroids); ``auto`` searches few
    exactly and more by HNSW, flits by their length by ``ivf``."""
    max_links: int = Field(default=32, ge=2, le=512)
    """Links per vector and layer (``M`` of arXiv:1603.09320): more find more, in more memory."""
    ef_construction: int = Field(default=200, ge=1, le=100_000)
    """Candidates weighed when a vector is linked: more make a better graph, more slowly."""
    ef_search: int = Field(default=200, ge=1, le=100_000)
    """Candidates weighed by a query (never fewer than its k): more find more, more slowly."""
    probe_recall: float = Field(default=0.98, gt=0.0, le=1.0)
    """Share of the true neighbours, on a sample, until which an ``ivf`` index scans more lists."""
    deterministic: bool = True
    """Build with one thread: equal vectors give equal bytes. Several threads are faster and differ each time."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Seed of the layers and of the sample that recall is measured on."""
    min_recall: float = Field(default=0.95, ge=0.0, le=1.0)
    """Share of the true neighbours, at k = 100 or fewer, below which a build is refused."""
    near_duplicates: float = Field(default=1.0, gt=0.75, le=1.0)
    """Flits whose texts and images all have at least this cosine count as one: the oldest is indexed and stands for
    them; the others are never recommended and stay in histories. 1 indexes every flit."""
    length_exponent: Annotated[float, Field(ge=0, le=1)] | Literal["auto"] = "auto"
    """How much the length of a flit's vector counts where candidates are drawn and ranked: each vector is scaled to its
    length to this power, and searched by inner product. 0 is the cosine, 1 the full inner product; ``auto`` takes what
    the validation window rewards. Presets that compare by cosine alone have no lengths: 0."""
