"""What all refusals of this folder are: a sentence that says why there is no figure, and what helps."""


class Unanswerable(Exception):
    """What was asked for cannot be said; the message says why, and what can."""
