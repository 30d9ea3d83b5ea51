"""`careplan break-glass`: the queue, the review, and the end at once."""

from __future__ import annotations

from datetime import UTC, datetime

from careplan_service.app import Service
from careplan_service.log import configure_log
from conftest import Clock
from web.test_break_glass import REASON, Ward, broken


def test_an_administrator_ends_a_glass_at_once_and_reviews_it(
    service: Service, clock: Clock, careplan
) -> None:
    configure_log("critical")
    clock.now = datetime.now(UTC)  # the commands have no other
    ward = Ward(service)
    id_ = broken(ward.pat, ward.ann).json["parameter"][0]["valueId"]
    listed = careplan("break-glass", "list").out.rstrip("\n").split("\t")
    assert listed[:2] == [id_, "open"]
    assert listed[3:] == ["ward", "Practitioner/pat", "Organization/partner", ward.ann, "BTG", REASON]
    assert ward.pat.get(f"/fhir/{ward.goal}").status == 200

    assert careplan("break-glass", "end", id_, "--by", "Odile").out == f"{id_} was ended by Odile\n"
    assert ward.pat.get(f"/fhir/{ward.goal}").status == 404
    again = careplan("break-glass", "end", id_, "--by", "Odile")
    assert (again.code, again.err) == (1, f"careplan: `{id_}` is ended by Odile; there is nothing to end\n")

    judged = ("review", id_, "--reviewer", "Odile", "--outcome")
    assert careplan("break-glass", *judged, "fine").code == 2
    assert careplan("break-glass", *judged, "justified").code == 0
    assert careplan("break-glass", "list").out == ""
    assert careplan("break-glass", "list", "--all").out.split("\t")[1] == "justified, by Odile"
    assert "there is no glass `x`" in careplan("break-glass", "review", "x", *judged[2:], "unclear").err

    told = ward.api.agency.get(f"/fhir/{ward.ann}/$disclosures").json["entry"]
    subtypes = [[one["code"] for one in entry["resource"]["subtype"]] for entry in told]
    assert [codes for codes in subtypes if codes[-1].endswith("-glass")] == [
        ["review-break-glass"],
        ["110138", "end-break-glass"],
        ["110127", "break-glass"],
    ]
