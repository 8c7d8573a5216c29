from pathlib import Path

import pytest
import torch

from graphrec.errors import ArtifactError
from graphrec.training.checkpoint import Checkpoint, load_model, moments_of, restore_moments, save_model
from tests.training.world import MODEL, communities, model_for

CONTENT = communities(num_users=6, num_flits=8, actions=3).content


def checkpoint() -> Checkpoint:
    tensors = {"a": torch.arange(4.0), "layers.0.b": torch.ones(2, 3)}
    return Checkpoint(3, tensors, {"a": torch.zeros(4)}, {"0/step": torch.tensor(7.0)}, [{"epoch": 1.0, "loss": 0.5}])


def test_a_checkpoint_opens_as_it_was_saved(tmp_path: Path) -> None:
    checkpoint().save(tmp_path / "deep" / "model")
    opened = Checkpoint.open(tmp_path / "deep" / "model")
    assert (opened.epoch, opened.log) == (3, [{"epoch": 1.0, "loss": 0.5}])
    for part in ("weights", "best", "moments"):
        saved, back = getattr(checkpoint(), part), getattr(opened, part)
        assert saved.keys() == back.keys()
        for name, tensor in saved.items():
            assert torch.equal(tensor, back[name])


def test_saving_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "model"
    checkpoint().save(path)
    later = checkpoint()
    later.epoch = 4
    later.save(path)
    assert Checkpoint.open(path).epoch == 4
    assert [one.name for one in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("damage", ["cut", "empty", "foreign", "header"])
def test_a_torn_checkpoint_raises_with_the_remedy(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "model-1a2b"
    checkpoint().save(path)
    data = path.read_bytes()
    path.write_bytes(
        {"cut": data[:-10], "empty": b"", "foreign": b"hello, world" * 9, "header": data[:20] + b"\0" + data[21:]}[
            damage
        ]
    )
    with pytest.raises(ArtifactError, match=r"checkpoint model-1a2b must be whole .*; delete it to start over"):
        Checkpoint.open(path)


def test_a_model_opens_as_it_was_saved(tmp_path: Path) -> None:
    config = MODEL.model_copy(update={"id_vectors": True})
    model = model_for(CONTENT, config, num_nodes={"user": 6, "flit": 8})
    save_model(model, tmp_path)
    opened = load_model(tmp_path)
    assert opened.config == config
    assert opened.types == model.types
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, opened.state_dict()[name])


def test_restored_moments_step_on_bit_for_bit() -> None:
    def stepped(interrupt: bool) -> list[torch.Tensor]:
        layer = torch.nn.Linear(3, 2)
        torch.nn.init.ones_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
        optimiser = torch.optim.AdamW(layer.parameters(), lr=0.1)
        for step in range(4):
            if interrupt and step == 2:
                moments = moments_of(optimiser)
                optimiser = torch.optim.AdamW(layer.parameters(), lr=0.1)
                restore_moments(optimiser, moments)
            optimiser.zero_grad()
            layer(torch.full((1, 3), step + 1.0)).square().sum().backward()
            optimiser.step()
        return [one.detach() for one in layer.parameters()]

    for whole, resumed in zip(stepped(False), stepped(True), strict=True):
        assert torch.equal(whole, resumed)
