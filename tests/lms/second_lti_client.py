"""PyLTI1p3, an independent LTI tool, against a platform: what it reads there.

second_lti_client.py ABOUT KEY RESOURCE     prints the line item and its results as JSON
"""

import json
import sys
from pathlib import Path

from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.lineitem import LineItem
from pylti1p3.registration import Registration
from pylti1p3.service_connector import ServiceConnector

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"


def main(about: str, key: str, resource: str) -> None:
    known = json.loads(Path(about).read_text())
    registration = Registration()
    registration.set_auth_token_url(known["token_url"])
    registration.set_client_id(known["client_id"])
    registration.set_issuer("https://platform.example")
    registration.set_tool_private_key(Path(key).read_text())
    service = AssignmentsGradesService(
        ServiceConnector(registration),
        {
            "scope": [f"{SCOPE}lineitem", f"{SCOPE}score", f"{SCOPE}result.readonly"],
            "lineitems": known["lineitems"],
        },
    )
    item = service.find_lineitem("resourceId", resource)
    assert isinstance(item, LineItem)
    print(json.dumps({"item": json.loads(item.get_value()), "results": service.get_grades(item)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
