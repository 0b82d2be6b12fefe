"""What cannot be done, said in a sentence that says why and what would help; the doors make of it what they need."""


class NotPossible(Exception):
    """What was asked for cannot be done; the message says why, and what would help."""


class NotThere(NotPossible):
    """There is nothing of this name."""


class NotNow(NotPossible):
    """There is, but its state forbids it."""


class NotAllowed(NotPossible):
    """It can be done, but not by who asks."""
