"""Settings of models and of their objectives: a module per preset, and one that tells presets apart."""
