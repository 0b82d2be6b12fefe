"""Why records do not get to other projects, in words that help."""

from app.store import push
from app.store.push import Count

_HELP = {
    "401": "the user, password or token in IZWI_TARGETS is wrong; then `izwi push retry {target}`",
    "403": "the user may not send records there; then `izwi push retry {target}`",
    "404": "the address in IZWI_TARGETS is wrong; then `izwi push retry {target}`",
    push.NO_FORM: "upload it there: `izwi surveys download {survey} --version {version} --output form.xml`; then "
    "`izwi push retry {target}`",
    push.OTHER_VERSION: "records of version {version} need that version there: `izwi surveys download {survey} "
    "--version {version} --output form.xml`; then `izwi push retry {target}`",
    push.OTHER_FORM: "it has other questions under the same name and version; upload this one as a new form: `izwi "
    "surveys download {survey} --version {version} --output form.xml`; then `izwi push retry {target}`",
    "409": "there is another record of the same name; look there before `izwi push retry {target}` takes it for ours",
}
_OTHER = "look what that project says of it; then `izwi push retry {target}`"


def told(each: Count) -> tuple[str, str]:
    """What has stopped, and what helps."""
    words = {"target": each.target, "survey": each.survey, "version": each.version}
    return f"{each.target}: {each.reason}", _HELP.get(each.reason, _OTHER).format(**words)
