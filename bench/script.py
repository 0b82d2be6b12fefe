"""The one USSD session that every server is measured with."""

# What the respondent types after dialling, in order. The dial and each reply are one step; the screen after the last
# reply is the only one that starts with END. Digits only: where choices are shuffled, a digit is still a choice.
REPLIES: list[str] = [
    "1",  # English
    "1",  # takes part
    "1",  # 18 or older
    "1",  # alone, so that it is safe
    "1",  # most inequality: the first of a random order
    "0",  # second: skipped
    "1",  # denied basic resources
    "2",  # second
    "1 3",  # which resources
    "1",  # most discrimination
    "0",  # second: skipped
    "1",  # main factor
    "2",  # second factor
    "10",  # province
    "1",  # rural
    "1",  # sex
    "3",  # age band
    "2",  # no story: the end
]

SERVICE_CODE = "*384*77#"


def texts() -> list[str]:
    """The `text` field of each step: all replies so far, joined by `*`; empty on the dial."""
    return ["*".join(REPLIES[:step]) for step in range(len(REPLIES) + 1)]
