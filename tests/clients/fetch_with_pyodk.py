"""What a program with pyODK does to have a form's data: lists the forms, fetches the table, prints both as JSON."""

import json
import sys

from pyodk.client import Client  # type: ignore[import-not-found]


def main(config: str, cache: str, form: str) -> None:
    """List and fetch."""
    with Client(config_path=config, cache_path=cache) as client:
        forms = [each.xmlFormId for each in client.forms.list()]
        rows = client.submissions.get_table(form_id=form, count=True)
    json.dump({"forms": forms, "count": rows["@odata.count"], "rows": rows["value"]}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
