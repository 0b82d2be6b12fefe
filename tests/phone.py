"""A phone for tests: what a person does with it, over the real gateway and database, and what the store has of it."""

from app.cli.handset import Handset, Journey


class Phone(Handset):
    """A handset that can also be asked what became of it."""

    def sms(self, words: str) -> list[str]:
        """Send a text message; returns the messages that come back."""
        return self.text(words)

    def replies(self, *words: str) -> str:
        """Reply several times; returns the last screen."""
        return [self.reply(each) for each in words][-1].text

    def received(self) -> list[str]:
        """Every message that reached this phone, in order."""
        return list(self.inbox)

    @property
    def run(self) -> Journey:
        """The latest run."""
        return self.journeys()[-1]

    def answers(self) -> dict[str, str | None]:
        """The answers of the latest run that count."""
        return {each.question: each.value for each in self.run.answers if not each.set_aside}
