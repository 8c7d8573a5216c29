"""The service beside an echo of the same answer size, run the same way."""
