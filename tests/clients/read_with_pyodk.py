"""What an analyst does with pyODK: run with pyODK on the path, prints what it got as JSON. Knows nothing of Izwi."""

import json
import sys
from typing import Any

from pyodk.client import Client  # type: ignore[import-not-found]
from pyodk.errors import PyODKError  # type: ignore[import-not-found]


def main(config: str, cache: str, form: str) -> None:
    """Read all that pyODK can read."""
    told: dict[str, Any] = {}
    with Client(config_path=config, cache_path=cache) as client:
        told["projects"] = [each.name for each in client.projects.list()]
        told["forms"] = {each.xmlFormId: each.version for each in client.forms.list()}
        told["form"] = client.forms.get(form).hash
        told["listed"] = [each.instanceId for each in client.submissions.list(form_id=form)]
        told["one"] = client.submissions.get(told["listed"][0], form_id=form).instanceId
        told["table"] = client.submissions.get_table(form_id=form, count=True)
        told["repeats"] = client.submissions.get_table(form_id=form, table_name="Submissions.herd.cow")["value"]
        told["expanded"] = client.submissions.get_table(form_id=form, top=3, expand="*", wkt=True)["value"]
        told["chosen"] = client.submissions.get_table(form_id=form, top=2, skip=1, select="__id,farm")["value"]
        told["filtered"] = client.submissions.get_table(
            form_id=form, filter="month(__system/submissionDate) eq 11 and day(__system/submissionDate) eq 20"
        )["value"]
        told["xml"] = client.get(f"projects/1/forms/{form.replace('/', '%2F')}/submissions/{told['one']}.xml").text
        try:
            client.submissions.get_table(form_id="nothing")
        except PyODKError as error:
            told["refused"] = error.args[1].json()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
