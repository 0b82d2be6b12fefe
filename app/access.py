"""Who may do what: the one table that commands and the API ask. `docs/do-no-harm.md` shows it to people."""

from collections.abc import Mapping
from enum import StrEnum

from app.values import Role


class Permission(StrEnum):
    """Something that not everybody may do."""

    TRY_SURVEYS = "try_surveys"
    SEE_STATUS = "see_status"
    MANAGE_SURVEYS = "manage_surveys"
    MANAGE_CONTACTS = "manage_contacts"
    RUN_BROADCASTS = "run_broadcasts"
    HOLD_CHANNELS = "hold_channels"
    SEE_FIGURES = "see_figures"
    EXPORT_ANSWERS = "export_answers"
    EXPORT_CONSENTS = "export_consents"
    MODERATE = "moderate"
    MANAGE_CASES = "manage_cases"
    SEE_NUMBERS = "see_numbers"
    ERASE = "erase"
    OPERATE = "operate"
    REPORT_BREACH = "report_breach"
    REPORT_PROCESSING = "report_processing"
    MANAGE_KEYS = "manage_keys"
    MANAGE_ACCESS = "manage_access"
    READ_AUDIT = "read_audit"


# What each is, as it stands after "may not" and in the table of the document.
WORDS: Mapping[Permission, str] = {
    Permission.TRY_SURVEYS: "check a form and try it on a phone of its own",
    Permission.SEE_STATUS: "see how surveys, broadcasts and channels stand, in figures",
    Permission.MANAGE_SURVEYS: "bring, publish and retire surveys",
    Permission.MANAGE_CONTACTS: "import contacts, describe segments, name facilitators",
    Permission.RUN_BROADCASTS: "write, start, resume and cancel broadcasts, which spends money",
    Permission.HOLD_CHANNELS: "hold a channel and release it",
    Permission.SEE_FIGURES: "see what people answered, in figures that name nobody",
    Permission.EXPORT_ANSWERS: "export answers and records",
    Permission.EXPORT_CONSENTS: "export who agreed to what",
    Permission.MODERATE: "read and clear stories",
    Permission.MANAGE_CASES: "see, take and close cases of distress",
    Permission.SEE_NUMBERS: "see a phone number",
    Permission.ERASE: "forget a phone",
    Permission.OPERATE: "run the service: start, migrate, back up and restore, hooks, retention, unknown outcomes",
    Permission.REPORT_BREACH: "write the report of a breach",
    Permission.REPORT_PROCESSING: "write the record of processing",
    Permission.MANAGE_KEYS: "see, rotate and retire the keys of numbers",
    Permission.MANAGE_ACCESS: "give accounts and tokens, and take them away",
    Permission.READ_AUDIT: "read and verify the trail",
}

_EVERYBODY = frozenset({Permission.TRY_SURVEYS})

# As little as each needs: who analyses sees no number, who runs the machine sees no answer, who sees to a case sees both
# the case and the number but starts nothing.
MATRIX: Mapping[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.COORDINATOR: _EVERYBODY | {
        Permission.SEE_STATUS, Permission.MANAGE_SURVEYS, Permission.MANAGE_CONTACTS, Permission.RUN_BROADCASTS,
        Permission.HOLD_CHANNELS, Permission.SEE_FIGURES, Permission.EXPORT_CONSENTS,
    },
    Role.ANALYST: _EVERYBODY | {
        Permission.SEE_STATUS, Permission.SEE_FIGURES, Permission.EXPORT_ANSWERS, Permission.EXPORT_CONSENTS,
    },
    Role.MODERATOR: _EVERYBODY | {Permission.MODERATE},
    Role.DUTY_OFFICER: _EVERYBODY | {Permission.MANAGE_CASES, Permission.SEE_NUMBERS, Permission.ERASE},
    Role.FACILITATOR: _EVERYBODY,
    Role.OPERATOR: _EVERYBODY | {
        Permission.SEE_STATUS, Permission.HOLD_CHANNELS, Permission.OPERATE, Permission.REPORT_BREACH,
    },
}  # fmt: skip


def allowed(role: Role, permission: Permission) -> bool:
    """Whether this role may do that."""
    return permission in MATRIX[role]


def refusal(role: Role, permission: Permission) -> str:
    """Why it may not, and who may, in a sentence."""
    holders = [each.replace("_", " ") for each in Role if allowed(each, permission)]
    return f"The role {role.replace('_', ' ')} may not {WORDS[permission]}. Who may: {', '.join(holders)}."
