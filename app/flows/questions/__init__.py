"""The table of question types: one file each, one line here."""

from app.flows.questions.acknowledge import Acknowledge
from app.flows.questions.base import QuestionType
from app.flows.questions.calculate import Calculate
from app.flows.questions.date import Date
from app.flows.questions.date_time import DateTime
from app.flows.questions.decimal import Decimal
from app.flows.questions.geopoint import Geopoint
from app.flows.questions.hidden import Hidden
from app.flows.questions.integer import Integer
from app.flows.questions.metadata import Metadata
from app.flows.questions.note import Note
from app.flows.questions.range import Range
from app.flows.questions.rank import Rank
from app.flows.questions.select_multiple import SelectMultiple
from app.flows.questions.select_one import SelectOne
from app.flows.questions.text import Text
from app.flows.questions.time import Time

_TYPES: tuple[QuestionType, ...] = (
    Text(),
    Integer(),
    Decimal(),
    Range(),
    Date(),
    Time(),
    DateTime(),
    SelectOne(),
    SelectMultiple(),
    Rank(),
    Acknowledge(),
    Geopoint(),
    Note(),
    Calculate(),
    Hidden(),
    Metadata(),
)
QUESTIONS = {kind.name: kind for kind in _TYPES}
