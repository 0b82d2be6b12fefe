"""The doors of ODK Central, for what reads from it."""

PREFIX = "/v1"
