"""Set the platform up, or serve it.

platform_site.py seed PUBLIC_KEY      makes the database, registers a tool; prints how it gets in
platform_site.py serve PORT           until it is killed; one request at a time
"""

import json
import os
import sys
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
sys.path[:1] = [str(Path(__file__).parent)]  # and nothing of the project around


def seed(public_key: str) -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from lti_consumer.models import Lti1p3Passport, LtiConfiguration

    passport = Lti1p3Passport.objects.create(lti_1p3_tool_public_key=Path(public_key).read_text())
    made = LtiConfiguration.objects.create(
        version=LtiConfiguration.LTI_1P3,
        config_store=LtiConfiguration.CONFIG_ON_DB,
        lti_1p3_oidc_url="http://127.0.0.1:9/login",
        lti_1p3_launch_url="http://127.0.0.1:9/launch",
        lti_advantage_ags_mode=LtiConfiguration.LTI_ADVANTAGE_AGS_PROGRAMMATIC,
        lti_1p3_passport=passport,
        location=None,
    )
    address = os.environ["PLATFORM_ADDRESS"]
    about = {
        "token_url": f"{address}/lti_consumer/v1/token/{passport.passport_id}",
        "lineitems": f"{address}/lti_consumer/v1/lti/{made.id}/lti-ags",
        "client_id": str(passport.lti_1p3_client_id),
    }
    print(json.dumps(about))


def serve(port: str) -> None:
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    with make_server("127.0.0.1", int(port), get_wsgi_application(), handler_class=Quiet) as server:
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    import django

    django.setup()
    {"seed": seed, "serve": serve}[sys.argv[1]](sys.argv[2])
