"""The JSON API, for programs of an organisation's own."""

PREFIX = "/api/v1"
