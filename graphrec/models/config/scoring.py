"""What a preset may declare a score to be."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator


def _answered_by_an_index(scoring: Any) -> Any:
    if scoring == "mlp":
        raise ValueError(
            "must be an inner product for an index to answer (got 'mlp'); `python -m benchmarks.leave_one_out` compares"
        )
    return scoring


Dot = Annotated[Literal["dot"], BeforeValidator(_answered_by_an_index)]
Translation = Annotated[Literal["translation"], BeforeValidator(_answered_by_an_index)]
