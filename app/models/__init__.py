"""All tables, so that whoever needs the whole schema has one name to import."""

from app.models import access, broadcasts, care, consents, descriptions, erasures, messages, people, push, runs, surveys
from app.models.base import metadata

__all__ = [
    "access",
    "broadcasts",
    "care",
    "consents",
    "descriptions",
    "erasures",
    "messages",
    "metadata",
    "people",
    "push",
    "runs",
    "surveys",
]
