"""What a turn is measured against: FastAPI routes that answer a screen and store nothing; uvicorn runs them."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import FastAPI, Form, Request
from fastapi.responses import PlainTextResponse

from bench.script import REPLIES

Field = Annotated[str, Form()]


def form() -> FastAPI:
    """The reference: an otherwise empty application whose route parses the body by hand."""
    app = FastAPI()
    app.add_api_route("/healthz", lambda: "ok")

    @app.post("/ussd")
    async def ussd(request: Request) -> PlainTextResponse:
        fields = dict(parse_qsl((await request.body()).decode()))
        return PlainTextResponse(_screen(fields.get("text", "")))

    return app


def form_params() -> FastAPI:
    """The same as tutorials write it; needs `python-multipart`."""
    app = FastAPI()
    app.add_api_route("/healthz", lambda: "ok")

    @app.post("/ussd")
    async def ussd(
        phoneNumber: Field,  # noqa: ARG001 -- parsing all fields is what is measured
        sessionId: Field,  # noqa: ARG001
        serviceCode: Field,  # noqa: ARG001
        networkCode: Field,  # noqa: ARG001
        text: Field = "",
    ) -> PlainTextResponse:
        return PlainTextResponse(_screen(text))

    return app


def _screen(text: str) -> str:
    replies = text.count("*") + 1 if text else 0
    return "END x" if replies >= len(REPLIES) else "CON x"
