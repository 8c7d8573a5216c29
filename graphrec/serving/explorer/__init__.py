"""The explorer: a page beside the API, and the routes by which it looks into a version."""
