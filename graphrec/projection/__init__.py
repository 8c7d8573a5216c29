"""The flits of a version on a plane."""
