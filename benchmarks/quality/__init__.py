"""The page of measured quality, made of the result files."""
