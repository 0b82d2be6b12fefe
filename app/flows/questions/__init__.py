"""The table of question types: one file each, one line here."""

from app.flows.questions.base import QuestionType
from app.flows.questions.calculate import Calculate
from app.flows.questions.date import Date
from app.flows.questions.decimal import Decimal
from app.flows.questions.integer import Integer
from app.flows.questions.note import Note
from app.flows.questions.select_multiple import SelectMultiple
from app.flows.questions.select_one import SelectOne
from app.flows.questions.text import Text

_TYPES: tuple[QuestionType, ...] = (
    Text(),
    Integer(),
    Decimal(),
    Date(),
    SelectOne(),
    SelectMultiple(),
    Note(),
    Calculate(),
)
QUESTIONS = {kind.name: kind for kind in _TYPES}
