"""What the service promises, put to the test: under load, and with hostile input."""
