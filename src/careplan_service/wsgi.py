"""The WSGI door: `careplan_service.wsgi:app`, configured by the environment."""

import gc

from careplan_service.app import create_app
from careplan_service.settings import Settings

app = create_app(Settings.from_env())

# What was made at start-up stays, so no collection need look at it again; and a page of resources is many
# objects, none of them garbage before it has left. https://docs.python.org/3/library/gc.html#gc.freeze
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
