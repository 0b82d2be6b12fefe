"""The one USSD session that every server is measured with."""

# What the respondent types after dialling, in order. The dial and each reply are one step; the screen after the last
# reply is the only one that starts with END. Digits only: where choices are shuffled, a digit is still a choice.
REPLIES: list[str] = ["1"] * 15

SERVICE_CODE = "*384*77#"


def texts() -> list[str]:
    """The `text` field of each step: all replies so far, joined by `*`; empty on the dial."""
    return ["*".join(REPLIES[:step]) for step in range(len(REPLIES) + 1)]
