import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from graphrec.arrays import FloatMatrix
from graphrec.errors import ConfigError
from graphrec.plots import maps
from graphrec.plots.maps import plot_points, project
from tests.plots.looks import ink, legend_of


def clouds(number: int, each: int, dim: int = 16) -> FloatMatrix:
    """Return points around as many axes as there are clouds, cloud by cloud."""
    rng = np.random.default_rng(0)
    centres = np.eye(number, dim, dtype=np.float32)[np.repeat(np.arange(number), each)]
    return np.asarray(centres + 0.05 * rng.normal(size=centres.shape), dtype=np.float32)


def nearest(points: FloatMatrix) -> Any:
    distance = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(len(points))
    return distance.argmin(axis=1)


def test_nearest_are_those_of_the_full_matrix() -> None:
    vectors = np.random.default_rng(1).normal(size=(1100, 6)).astype(np.float32)  # more than one block
    rows, distances = maps.nearest(vectors, 5)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    apart = 1 - unit @ unit.T
    np.testing.assert_allclose(distances, np.sort(apart, axis=1)[:, :5], atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(apart, rows.astype(np.int64), 1), distances, atol=1e-5)
    assert (rows[:, 0] == np.arange(1100)).all()


def test_every_label_has_a_colour_and_the_rarest_share_grey() -> None:
    labels = [f"topic {number % 14:02d}" for number in range(140)] + ["topic 00"]
    points = np.random.default_rng(0).normal(size=(141, 2)).astype(np.float32)
    figure = plot_points("t", points, labels, {"his": [1, 2]})
    assert legend_of(figure) == [*(f"topic {number:02d}" for number in range(12)), "other", "his"]
    colours = {str(one.get_facecolor()) for one in figure.axes[0].collections[:13]}
    assert len(colours) == 13
    assert ink(figure) > 0.01


def test_a_name_stands_where_its_points_are_dense() -> None:
    dense = np.random.default_rng(0).normal(scale=0.1, size=(50, 2))
    points = np.concatenate([dense, [[9.0, 9.0]] * 3, [[-5.0, -5.0]]]).astype(np.float32)
    figure = plot_points("t", points, ["birds"] * 53 + ["$food"])
    at = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert np.linalg.norm(at["birds"]) < 0.3
    assert at[r"\$food"] == (-5, -5)


def test_a_map_without_labels_has_no_legend() -> None:
    figure = plot_points("t", clouds(1, 30, 2))
    assert figure.axes[0].get_legend() is None
    assert ink(figure) > 0.005


def test_labels_may_be_anything() -> None:
    assert legend_of(plot_points("t", clouds(1, 4, 2), [None, 2, None, None])) == ["None", "2"]


def test_neighbours_stay_neighbours_on_a_map() -> None:
    places = np.arange(80) // 20
    points = project(clouds(4, 20), "tsne")
    assert points.dtype == np.float32
    assert (places[nearest(points)] == places).mean() > 0.95


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:n_jobs value:UserWarning")
@pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning")
def test_neighbours_stay_neighbours_by_umap_too() -> None:
    places = np.arange(80) // 20
    assert (places[nearest(project(clouds(4, 20), "umap"))] == places).mean() > 0.95
    assert project(clouds(2, 2), "umap").shape == (4, 2)


def test_few_points_and_unknown_methods_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 4 points"):
        project(np.eye(3, dtype=np.float32))
    with pytest.raises(ConfigError, match="method must be umap or tsne"):
        project(np.eye(5, dtype=np.float32), "pca")  # type: ignore[arg-type]
    assert project(np.eye(4, dtype=np.float32), "tsne").shape == (4, 2)


def test_without_umap_the_error_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['umap'] = None\n"
        "import numpy as np\n"
        "from graphrec.errors import ConfigError\n"
        "from graphrec.plots.maps import project\n"
        "try:\n    project(np.eye(5, dtype=np.float32))\n"
        "except ConfigError as error:\n    sys.stdout.write(str(error))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "maps need umap-learn (got none); pip install 'graphrec[notebooks]'"
