"""`POST /oauth/launch`: a system of the agency prepares the launch of an app.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, request

from careplan_service.errors import UnsupportedMediaType
from careplan_service.interactions.desk import Desk
from careplan_service.resources import r4
from careplan_service.web.incoming import json_of
from careplan_service.web.reception import Reception

LAUNCH = "/oauth/launch"

_LARGEST = 64 * 1024


def launches_blueprint(
    reception: Reception, prepare: Callable[[Desk, object], Mapping[str, Any]]
) -> Blueprint:
    """LAUNCH."""
    routes = Blueprint("launches", __name__)

    @routes.post(LAUNCH)
    def launch() -> Response:
        def carry_out(desk: Desk) -> Response:
            if request.mimetype != "application/json":
                text = f"`Content-Type: {request.mimetype}` is not taken here; send `application/json`"
                raise UnsupportedMediaType(text)
            request.max_content_length = _LARGEST
            prepared = prepare(desk, r4.parse(json_of(request)))
            response = Response(orjson.dumps(prepared), 201, content_type="application/json")
            response.headers["Cache-Control"] = "no-store"
            return response

        return reception.serve(request, "prepare-launch", carry_out)

    return routes
