"""All tables, so that whoever needs the whole schema has one name to import."""

from app.models import broadcasts, messages, people, runs, surveys
from app.models.base import metadata

__all__ = ["broadcasts", "messages", "metadata", "people", "runs", "surveys"]
