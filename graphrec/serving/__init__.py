"""The service: one ASGI application over a version of a store and the state of its users."""
