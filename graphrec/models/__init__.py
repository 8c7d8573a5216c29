"""Encoders, scoring and losses."""
