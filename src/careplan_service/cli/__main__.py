"""`python -m careplan_service.cli`."""

from careplan_service.cli import main

main()
