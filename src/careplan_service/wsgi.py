"""The WSGI door: `careplan_service.wsgi:app`, configured by the environment."""

from careplan_service.app import create_app
from careplan_service.settings import Settings

app = create_app(Settings.from_env())
