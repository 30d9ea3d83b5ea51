"""The type of a clock: a function that gives the moment as an aware datetime."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
