"""One frozen `Settings`, read from the environment (``IZWI_…``) and from a TOML file; wrong or unknown ones stop the start."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from app.values import Role

PREFIX = "IZWI_"
TOKEN = PREFIX + "TOKEN"
"""Who sits at the terminal, for the commands; no setting, for it is a person's and not the installation's."""
KEPT = "console.toml"
"""What was decided in the console, in the data directory; for its owner only."""
_CHANNEL_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_FIELD = re.compile(r'field "(\w+)"')


class BadSettings(Exception):
    """The settings are wrong; the message lists each one, what is wrong with it and what would be right."""


class LineSettings(BaseModel):
    """One channel: an account at a provider, and how messages go over it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    provider: Literal["africastalking", "simulated"] = "africastalking"
    username: str = Field(default="sandbox", min_length=1)
    api_key: str = Field(default="", repr=False)
    """Empty: nothing is sent."""
    sender: str = ""
    """Sender id or short code that our messages come from."""
    url: str = ""
    """Base URL of the provider's API, for tests; empty: the provider's own."""
    operators: tuple[str, ...] = ()
    """Operators that this channel is for; empty: all."""
    per_second: float | None = Field(default=None, gt=0)
    """Most messages in a second; None: as many as the provider takes."""
    send_timeout_seconds: float = Field(default=10, gt=0, le=60)


class AirtimeSettings(BaseModel):
    """Airtime for everybody who completes a survey, until the budget is spent."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    amount: Decimal = Field(gt=0, max_digits=12, decimal_places=6)
    currency: str = Field(pattern="^[A-Z]{3}$")
    budget: Decimal = Field(gt=0, max_digits=15, decimal_places=6)


class TargetSettings(BaseModel):
    """A project at KoboToolbox or ODK Central that records are pushed to, and forms are pulled from."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(pattern=r"^https?://[^/@\s]+(/[^\s?#]*)?$")
    user: str = ""
    password: str = Field(default="", repr=False)
    token: str = Field(default="", repr=False)
    """KoboToolbox's, in place of user and password."""
    surveys: tuple[str, ...] = ()
    timeout_seconds: float = Field(default=20, gt=0, le=120)

    @field_validator("url")
    @classmethod
    def _private(cls, url: str) -> str:
        if url.startswith("http://") and urlsplit(url).hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError("answers go to another machine by https:// only")
        return url


_PARTS: Mapping[str, type[BaseModel]] = {
    "channels": LineSettings, "airtime": AirtimeSettings, "targets": TargetSettings,
}  # fmt: skip


class Settings(BaseSettings):
    """How this Izwi runs. Every field can be set as ``IZWI_<FIELD>`` or, lower case, in the file ``IZWI_CONFIG`` names."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 to be reached from other machines")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on")
    data_dir: Path = Field(Path("var"), description="Where the database, keys and secrets live; made on first start")
    database_url: str = Field(
        "", description="`postgresql://…` or `sqlite:///…`; empty: the SQLite file `izwi.db` in the data directory"
    )
    production: bool = Field(False, description="A live service: no simulator, whatever else is set")
    public_url: str = Field("", description="How the provider reaches this server, e.g. `https://izwi.example.org`")
    region: str = Field("ZW", pattern="^[A-Z]{2}$", description="Country that local phone numbers belong to (ISO 3166)")
    zone: str = Field("Africa/Harare", description="Time zone shown to people (IANA name)")

    channel: Literal["africastalking", "simulated"] = Field(
        "africastalking", description="The line to the provider; `simulated` sends nothing anywhere"
    )
    africastalking_username: str = Field("sandbox", min_length=1, description="Africa's Talking user name")
    africastalking_api_key: str = Field("", repr=False, description="Africa's Talking API key; empty: nothing is sent")
    africastalking_sender: str = Field("", description="Sender id or short code that our messages come from")
    africastalking_url: str = Field("", description="Base URL of the messaging API, for tests; empty: Africa's Talking")

    channels: dict[str, LineSettings] = Field(
        default_factory=dict,
        description="Several channels, by name, in place of the one above; each with any of `provider`, `username`, "
        "`api_key`, `sender`, `url`, `operators` (empty: all), `per_second` (most messages in a second), "
        '`send_timeout_seconds`: `{"econet": {"username": "…", "api_key": "…", "operators": ["Econet"]}, "other": {…}}`',
    )

    survey: str = Field("leave_no_one_behind", description="Survey that a dialled service code starts")
    service_codes: dict[str, str] = Field(
        default_factory=dict, description='Service codes with a survey of their own: `{"*384*77#": "survey_id"}`'
    )
    keywords: dict[str, str] = Field(
        default_factory=lambda: {"IZWI": "leave_no_one_behind"},
        description="First word of an SMS and the survey that it starts",
    )
    missed_calls: dict[str, str] = Field(
        default_factory=dict,
        description="Numbers that people call for nothing, since nobody answers, and the survey that each begins by SMS: "
        '`{"+263770009000": "survey_id"}`; any other number begins `IZWI_SURVEY`',
    )
    surveys_dir: Path | None = Field(
        None, description="Folder of further XLSForms; empty: `surveys` in the data directory"
    )

    ussd_septets: int = Field(
        160, ge=60, le=182, description="Room on a USSD page in septets; no network shows over 182"
    )
    ussd_ucs2: int = Field(80, ge=40, le=91, description="Room on a USSD page that needs characters outside GSM-7")
    ussd_seconds: int = Field(
        180, ge=30, description="How long networks let a USSD session last (180 is Africa's Talking's figure)"
    )
    screen_seconds: float = Field(
        30,
        gt=0,
        le=600,
        description="How long people take with a screen, to plan sessions; a rule of thumb (five or six questions fill one "
        "of 180 s: Reach Digital Health, 2018), to be replaced by what your own respondents need",
    )
    sms_septets: int = Field(459, ge=160, le=1530, description="Longest SMS in septets (459 is three parts)")
    sms_ucs2: int = Field(201, ge=70, le=670, description="Longest SMS in characters when one is outside GSM-7")
    tariff: Path | None = Field(
        None, description="CSV file with the prices that `izwi check` reckons with, like `docs/tariff.csv`; empty: none"
    )
    resume_hours: float = Field(24, gt=0, description="How long an unfinished survey waits for its respondent")
    session_seconds: int = Field(600, ge=60, description="After this silence a USSD session counts as dropped")
    turn_seconds: float = Field(8, gt=0, le=60, description="A USSD turn that takes longer gets a sentence instead")
    queue_limit: int = Field(
        5000, ge=1, description="Turns that may wait for the writer before new ones are turned away"
    )

    operators: Path | None = Field(
        None, description="CSV file with operators, their prefixes and network codes; empty: the one that ships"
    )
    margins: Path | None = Field(
        None,
        description="CSV file with the population that respondents are compared with and weighted to "
        "(docs/who-is-missing.md); empty: Zimbabwe's census of 2022",
    )

    send_batch: int = Field(50, ge=1, le=500, description="Messages that the worker claims at a time")
    broadcast_batch: int = Field(
        500,
        ge=1,
        le=1000,
        description="Messages of broadcasts that the worker claims at a time; equal ones go in one request",
    )
    send_timeout_seconds: float = Field(10, gt=0, le=60, description="How long a provider may take to answer a send")
    airtime: dict[str, AirtimeSettings] = Field(
        default_factory=dict,
        description="Airtime as thanks to each phone on which a survey is completed, once for ever, until its budget is "
        'spent: `{"survey_id": {"amount": "0.50", "currency": "USD", "budget": "100"}}`; empty: none',
    )
    lease_seconds: int = Field(60, ge=5, description="After this time an unanswered send counts as of unknown outcome")
    send_attempts: int = Field(20, ge=1, description="How often a message that was surely not sent is tried")
    later_hours: float = Field(
        3, gt=0, description="Who says that it is not safe now is reminded after so long, in the hours of broadcasts"
    )
    case_hours: float = Field(24, gt=0, description="A case of distress is to be seen to within this time")
    message_hours: float = Field(24, gt=0, description="A message not sent after this time is given up, not sent late")

    keep_words_days: float = Field(
        7, ge=1, description="So long the words of messages and turns are kept as they came; answers stay"
    )
    keep_links_days: float = Field(
        30, ge=0, description="So long after a survey was closed (retired) it is known whose answers are whose"
    )

    replies_per_hour: int = Field(
        60,
        ge=5,
        description="Replies by SMS that one phone gets in an hour; what asks for more is a machine, not a person",
    )

    targets: dict[str, TargetSettings] = Field(
        default_factory=dict,
        description="Projects at KoboToolbox or ODK Central ([docs/odk.md](docs/odk.md)), by name: `url`, `user` and "
        "`password` or `token`, `surveys` whose records go there: "
        '`{"kobo": {"url": "https://…", "token": "…", "surveys": ["survey_id"]}}`',
    )

    terminal_role: Role = Field(
        Role.ADMIN,
        description="What somebody may do who types commands here without a token of their own (`IZWI_TOKEN`): admin, "
        "coordinator, analyst, moderator, duty_officer, facilitator or operator",
    )
    controller: str = Field(
        "", description="Name and address of who answers for the data, for the reports that the law asks for"
    )

    backups_dir: Path | None = Field(
        None,
        description="Folder that the console makes backups in ([docs/backup.md](docs/backup.md)), best on another disk; "
        "empty: `backups` in the data directory",
    )

    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error")

    @field_validator("channels", "targets")
    @classmethod
    def _known_channels(cls, channels: dict[str, Any]) -> dict[str, Any]:
        strange = sorted(name for name in channels if not _CHANNEL_NAME.fullmatch(name))
        if strange:
            raise ValueError(f"{strange[0]!r} is no name for a channel; write a word in lower case, such as econet")
        return channels

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (OSError, ValueError, KeyError):
            raise ValueError("not a time zone; write an IANA name such as Africa/Harare") from None
        return zone

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("starts with neither sqlite:/// nor postgresql://")
        return url

    @property
    def lines(self) -> dict[str, LineSettings]:
        """The channels by name: those of the table, or the one that the settings of a single channel tell of."""
        one = LineSettings(
            provider=self.channel,
            username=self.africastalking_username,
            api_key=self.africastalking_api_key,
            sender=self.africastalking_sender,
            url=self.africastalking_url,
        )
        lines = self.channels or {self.channel: one}
        usual = {"send_timeout_seconds": self.send_timeout_seconds}
        return {
            name: line if "send_timeout_seconds" in line.model_fields_set else line.model_copy(update=usual)
            for name, line in lines.items()
        }

    @property
    def database(self) -> str:
        """The database's URL with its default filled in."""
        url = self.database_url or f"sqlite:///{self.data_dir.absolute() / 'izwi.db'}"
        return url.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def surveys(self) -> Path:
        """The folder for an organisation's own surveys."""
        return self.surveys_dir or self.data_dir / "surveys"

    @property
    def backups(self) -> Path:
        """The folder for backups that are made in the console."""
        return self.backups_dir or self.data_dir / "backups"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the signature is the library's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order: what code passes, then the environment, then the file, then what was kept in the console."""
        config = os.environ.get(PREFIX + "CONFIG")
        toml = (TomlConfigSettingsSource(settings_cls, Path(config)),) if config else ()
        sources = (init_settings, env_settings, *toml)
        folder = next((found["data_dir"] for found in (each() for each in sources) if "data_dir" in found), None)
        kept = Path(folder or settings_cls.model_fields["data_dir"].default) / KEPT
        return (*sources, TomlConfigSettingsSource(settings_cls, kept))


def decided_outside(names: Iterable[str]) -> set[str]:
    """Which of these settings the environment or the file decides: what is kept in the console counts below them."""
    config = os.environ.get(PREFIX + "CONFIG")
    written = tomllib.loads(Path(config).read_text()) if config else {}
    given = {name.upper() for name in os.environ}
    return {name for name in names if PREFIX + name.upper() in given or name in written}


def load(**overrides: Any) -> Settings:
    """Read the settings, or raise `BadSettings` with a sentence per fault."""
    faults = [*_missing_file(os.environ), *_unknown(os.environ)]
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        faults += [_sentence(fault) for fault in error.errors()]
    except SettingsError as error:
        field = _FIELD.search(str(error))
        faults.append(f"{PREFIX}{field[1].upper() if field else 'CONFIG'}: cannot be read; is it valid JSON?")
    except (OSError, ValueError) as error:
        faults.append(
            f"{PREFIX}CONFIG, or {KEPT} in the data directory: the settings cannot be read ({type(error).__name__}); is it "
            "valid TOML or JSON?"
        )
    if faults:
        raise BadSettings("\n".join(faults))
    return settings


def _sentence(fault: Any) -> str:
    """Say what is wrong with a setting, or with a part of one such as a channel's key."""
    name, *within = (str(part) for part in fault["loc"])
    strange = fault["type"] == "extra_forbidden"
    said = fault["msg"].removeprefix("Value error, ")
    if within:
        known = f"there is no such key; known are {', '.join(_PARTS[name].model_fields)}" if strange else said
        return f"{PREFIX}{name.upper()}, {'.'.join(within)}: {known}"
    return f"{PREFIX}{name.upper()}{' (in the settings file)' if strange else ''}: {said}"


def _missing_file(environ: Mapping[str, str]) -> list[str]:
    config = environ.get(PREFIX + "CONFIG")
    return [] if not config or Path(config).is_file() else [f"{PREFIX}CONFIG: there is no file {config}"]


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {PREFIX + "CONFIG", TOKEN}
    return [
        f"{name}: no such setting; `izwi doctor` lists them all" for name in sorted(environ) if _strange(name, known)
    ]


def _strange(name: str, known: set[str]) -> bool:
    return name.upper().startswith(PREFIX) and name.upper() not in known
