"""The tags of the Humanitarian Exchange Language: a second header row that says what columns are about."""

import re

from app.reports.data.columns import Column, Kind

_TAG = re.compile(r"#[a-z][a-z0-9_]*( ?\+ ?[a-z][a-z0-9_]*)*")
_ABOUT = {
    "respondent": "#respondent+id", "run": "#meta+run+id", "version": "#meta+version", "state": "#status",
    "asked_in": "#meta+lang", "channel": "#channel+type", "started_at": "#date+start", "ended_at": "#date+end",
    "asked_at": "#date+asked", "answered_at": "#date+answered", "value": "#value", "value_label": "#value+label",
    "variable": "#indicator+code", "label": "#indicator+name", "repeat_position": "#meta+repeat+id",
    "repeat_parent": "#meta+repeat+parent",
}  # fmt: skip
# Questions that surveys have by these names, and what the HXL dictionary calls them.
_WELL_KNOWN = {
    "province": "#adm1", "district": "#adm2", "ward": "#adm3", "sex": "#respondent+sex", "gender": "#respondent+gender",
    "age": "#respondent+age+num", "age_band": "#respondent+age+band", "residence": "#loc+type",
}  # fmt: skip


def tag_of(column: Column) -> str:
    """The tag of a column: the form's own (`bind::izwi:hxl`), or one that its name and kind give it."""
    variable = column.variable
    if variable is None:
        return _ABOUT.get(column.name, f"#meta+{_attribute(column.name)}")
    own = variable.hxl.strip().lower()
    if _TAG.fullmatch(own):
        tag = own.replace(" ", "")
    else:
        kind = {Kind.WHOLE: "+num", Kind.NUMBER: "+num", Kind.DATE: "+date"}.get(column.kind, "")
        tag = _WELL_KNOWN.get(variable.name, f"#indicator+{_attribute(variable.name)}{'' if column.choice else kind}")
    return f"{tag}+{_attribute(column.choice.name)}" if column.choice else tag


def _attribute(name: str) -> str:
    attribute = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
    return attribute if attribute[:1].isalpha() else f"v{attribute}"
