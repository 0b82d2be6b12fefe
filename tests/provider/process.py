"""The test provider as a process of its own, so that it lives on when what is tested is killed."""

import http.client
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self


class ProviderProcess:
    """Starts, steers and stops it; what it accepted outlives a stop and a start."""

    def __init__(self) -> None:
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self._before: list[dict[str, str]] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self.stop()

    @property
    def url(self) -> str:
        """What belongs into the setting ``africastalking_url``."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start on a free port, or on the same port as before the stop."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.provider.server", "--port", str(self.port), "--until-stdin-closes"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("listening on "), "the test provider did not start"
        self.port = int(line.split()[-1])

    def stop(self) -> None:
        """Take the provider off the network; connections are refused from now on."""
        assert self._process and self._process.stdin and self._process.stdout
        self._before = self.messages()
        self._process.terminate()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._process = None

    def set_mode(self, mode: str, **more: Any) -> None:
        """Change what the next sends meet."""
        self._ask("POST", "/_test/mode", {"mode": mode, **more})

    def report_to(self, url: str, *, of: str = "sms", **more: Any) -> None:
        """Post reports on what is accepted from now on."""
        self._ask("POST", "/_test/mode", {"of": of, "delivery": {"url": url, **more}})

    def reset(self) -> None:
        """Forget everything and be well again."""
        self._before = []
        self._ask("POST", "/_test/reset", {})

    def messages(self) -> list[dict[str, str]]:
        """Every message that was accepted since the last reset."""
        now: list[dict[str, str]] = self._ask("GET", "/_test/messages") if self._process else []
        return self._before + now

    def requests(self, of: str = "sms") -> int:
        """How many sends were asked for since the last start or reset."""
        count: int = self._ask("GET", f"/_test/requests?{of}")
        return count

    def schedule(self, seed: int, **more: Any) -> None:
        """Let a seed decide what becomes of each request."""
        self._ask("POST", "/_test/schedule", {"seed": seed, **more})

    def price(self, prices: dict[str, float]) -> None:
        """What a segment costs, in USD, by the beginning of the number; forgets what was accepted before."""
        self._ask("POST", "/_test/prices", [{"prefix": prefix, "price": price} for prefix, price in prices.items()])

    def bill(self) -> dict[str, Any]:
        """What all accepted messages cost."""
        found: dict[str, Any] = self._ask("GET", "/_test/bill")
        return found

    def counts(self, *, each: bool = False) -> dict[str, Any]:
        """How many messages went to how many numbers, and how many of them differ."""
        found: dict[str, Any] = self._ask("GET", f"/_test/counts{'?each' * each}")
        return found

    def payments(self) -> list[dict[str, str]]:
        """Airtime that was paid."""
        found: list[dict[str, str]] = self._ask("GET", "/_test/payments")
        return found

    def deliveries(self) -> list[dict[str, str]]:
        """What was answered to the delivery reports, once all are posted."""
        posted: list[dict[str, str]] = self._ask("GET", "/_test/deliveries")
        return posted

    def _ask(self, method: str, path: str, wish: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, None if wish is None else json.dumps(wish))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, content.decode()
        return json.loads(content)
