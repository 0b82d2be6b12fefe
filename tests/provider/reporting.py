"""Posts the reports that the test provider owes: late, early, twice, out of order, as it was wished."""

import http.client
import json
import queue
import threading
import urllib.parse
from collections import deque
from dataclasses import dataclass, field

_HANDS = 8
_KEPT = 10_000


@dataclass(frozen=True)
class Report:
    """What to post, and where."""

    url: str
    form: dict[str, str]
    as_json: bool = False


@dataclass
class Errand:
    """The reports on one request, in their order; they wait until its answer is out."""

    reports: list[Report]
    delay: float = 0
    answered: threading.Event = field(default_factory=threading.Event)
    reporter: "Reporter | None" = None


class Reporter:
    """A few threads that post, each over a connection that stays; what they are told is kept, the last ten thousand."""

    def __init__(self) -> None:
        self.deliveries: deque[dict[str, str]] = deque(maxlen=_KEPT)
        self.let_go = threading.Event()
        self._errands: queue.Queue[Errand] = queue.Queue()
        for _ in range(_HANDS):
            threading.Thread(target=self._work, daemon=True).start()

    def post(self, errand: Errand) -> None:
        """Post it, when its turn comes."""
        self._errands.put(errand)

    def post_now(self, errand: Errand) -> None:
        """Post it before this returns."""
        self._run(errand, Line())

    def settled(self) -> list[dict[str, str]]:
        """Wait until all is posted; what was answered to each."""
        self._errands.join()
        return list(self.deliveries)

    def retire(self) -> None:
        """Post nothing more, and let nobody wait."""
        self.let_go.set()

    def _work(self) -> None:
        line = Line()
        while True:
            errand = self._errands.get()
            try:
                errand.answered.wait()
                self._run(errand, line)
            finally:
                self._errands.task_done()

    def _run(self, errand: Errand, line: "Line") -> None:
        for report in errand.reports:
            if errand.delay:
                self.let_go.wait(errand.delay)
            if self.let_go.is_set():
                return
            answer, _ = line.post(report)
            name = report.form.get("id") or report.form.get("requestId", "")
            self.deliveries.append({"id": name, "status": report.form["status"], "answer": answer})


class Line:
    """A connection that stays open as long as the other side lets it."""

    def __init__(self) -> None:
        self._open: tuple[str, http.client.HTTPConnection] | None = None

    def post(self, report: Report) -> tuple[str, bytes]:
        """Post once; the status, or what went wrong, and the content."""
        url = urllib.parse.urlsplit(report.url)
        body = json.dumps(report.form) if report.as_json else urllib.parse.urlencode(report.form)
        kind = "application/json" if report.as_json else "application/x-www-form-urlencoded"
        if self._open is not None and self._open[0] != url.netloc:
            self._hang_up()
        while True:
            again = self._open is not None  # it may have been hung up meanwhile, so that nobody has read this
            if self._open is None:
                self._open = url.netloc, http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=10)
            connection = self._open[1]
            try:
                connection.request("POST", url.path or "/", body, {"Content-Type": kind})
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self._hang_up()
                if not again or isinstance(error, TimeoutError):
                    return type(error).__name__, b""
                continue
            if answer.will_close:
                self._hang_up()
            return str(answer.status), content

    def _hang_up(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None
