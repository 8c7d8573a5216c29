"""Snapshots, batches, the training loop, checkpoints and the training log."""
