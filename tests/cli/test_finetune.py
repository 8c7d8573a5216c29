from pathlib import Path

from tests.cli.conftest import Invoke, World, overrides


def test_a_tuned_encoder_is_written_and_the_next_step_named(
    world: World, invoke: Invoke, tiny_bert: Path, tmp_path: Path
) -> None:
    encoder = f"features.text={{encoder: transformer, model: {tiny_bert}, max_tokens: 16, precision: float32}}"
    more = overrides("finetune={epochs: 1, batch_size: 32}")
    args = [*world.run_args[1:], *overrides(encoder), *more, "--out", tmp_path / "tuned"]
    kept = [one for one in args if one != "features.text.encoder=tfidf"]
    kept.remove("--set")
    done = invoke("finetune-text", *kept)
    assert done.exit_code == 0, done.output
    assert "agreement" in done.stderr
    assert f"features.text.model={tmp_path / 'tuned'}" in done.stderr
    assert (tmp_path / "tuned" / "model.safetensors").is_file()
    again = invoke("finetune-text", *kept)
    assert again.exit_code == 2
    assert "out must be a new folder" in again.stderr
