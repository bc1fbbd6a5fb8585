"""Costs of a lesson where others run it: on Binder, and in a room of learners on one server."""
