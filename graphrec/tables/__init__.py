"""Declared schemas, lazy reading, validation and quarantine: somebody's files in, clean tables out."""
