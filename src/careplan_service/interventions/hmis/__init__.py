"""HUD's HMIS CSV of FY2024: what shelters and rehousing programmes report, read and written.

https://www.hudexchange.info/programs/hmis/hmis-data-and-technical-standards/
"""
