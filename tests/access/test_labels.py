"""What `meta.security` comes to."""

from __future__ import annotations

from typing import Any

import pytest

from builders import ACT_CODE, ACT_REASON, CONFIDENTIALITY, coding
from careplan_service.access.consent.terminology import RANK
from careplan_service.access.labels import UNLABELLED, labels_of

LAW = "http://terminology.hl7.org/CodeSystem/v3-ActUSPrivacyLaw"


def read(*security: Any) -> Any:
    return labels_of({"meta": {"security": list(security)}})


@pytest.mark.parametrize("document", [{}, {"meta": {}}, {"meta": {"security": []}}])
def test_unlabelled_data_counts_as_normal(document: dict[str, Any]) -> None:
    assert labels_of(document) == UNLABELLED
    assert UNLABELLED.rank == RANK["N"]


@pytest.mark.parametrize("code", RANK)
def test_a_confidentiality_is_a_rank_and_no_sensitivity(code: str) -> None:
    labels = read(coding(CONFIDENTIALITY, code))
    assert (labels.rank, labels.sensitivities) == (RANK[code], frozenset())


def test_the_highest_of_several_confidentialities_counts() -> None:
    assert read(*(coding(CONFIDENTIALITY, code) for code in "NVL")).rank == RANK["V"]


def test_a_bare_sensitivity_counts_as_restricted_and_a_stated_rank_wins() -> None:
    assert read(coding(ACT_CODE, "PSY")).rank == RANK["R"]
    assert read(coding(ACT_CODE, "PSY"), coding(CONFIDENTIALITY, "N")).rank == RANK["N"]


def test_old_systems_and_misplaced_codes_are_the_same_label() -> None:
    assert read(coding(CONFIDENTIALITY, "HIV")).sensitivities == {"HIV"}
    assert read(coding("http://hl7.org/fhir/v3/Confidentiality", "R")).rank == RANK["R"]


@pytest.mark.parametrize(
    "security", [{"code": "R"}, coding("http://example.org/labels", "secret"), {"display": "hush"}]
)
def test_a_label_nobody_knows_counts_as_a_sensitivity(security: dict[str, str]) -> None:
    labels = read(security)
    assert labels.rank == RANK["R"]
    assert len(labels.sensitivities) == 1


@pytest.mark.parametrize("code", ["NORDSCLCD", "MASK", "NOREUSE", "ENCRYPT"])
def test_a_handling_instruction_says_nothing_of_the_contents(code: str) -> None:
    assert read(coding(ACT_CODE, code)) == UNLABELLED


def test_a_redaction_mark_says_nothing_of_the_contents() -> None:
    assert read(coding("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "REDACTED")) == UNLABELLED


@pytest.mark.parametrize("code", ["SUD", "ETHUD", "OPIOIDUD", "ETH", "42CFRPart2"])
def test_substance_use_is_part_2(code: str) -> None:
    assert read(coding(LAW if code == "42CFRPart2" else ACT_CODE, code)).part2
    assert not read(coding(ACT_CODE, "PSY")).part2


def test_purpose_tags_are_kept_and_test_data_is_none() -> None:
    labels = read(coding(ACT_REASON, "TREAT"), coding("http://hl7.org/fhir/v3/ActReason", "HRESCH"))
    assert labels.purposes == {"TREAT", "HRESCH"}
    assert (labels.rank, labels.sensitivities) == (RANK["N"], frozenset())
    assert read(coding(ACT_REASON, "HTEST")).purposes == frozenset()
