"""Other projects as people name them."""

from app.cli.stored import refuse
from app.settings import Settings, TargetSettings


def named_target(settings: Settings, name: str) -> TargetSettings:
    """The target of this name, or say which there are and end."""
    if name not in settings.targets:
        there = ", ".join(settings.targets) or "none"
        refuse(f"IZWI_TARGETS names no {name!r}. There are: {there}. docs/odk.md says how to name one.")
    return settings.targets[name]
