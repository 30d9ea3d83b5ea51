"""Health and metrics. https://prometheus.io/docs/instrumenting/exposition_formats/"""

from __future__ import annotations

from builders import Api, a_goal


def test_health_and_metrics_need_no_token_and_leave_no_audit_row(api: Api) -> None:
    for path, said in (("/health/live", b'{"status":"live"}'), ("/health/ready", b'{"status":"ready"}')):
        answer = api.http.get(path)
        assert (answer.status_code, answer.data, answer.mimetype) == (200, said, "application/json")
    assert api.http.get("/metrics").status_code == 200
    assert api.audit() == []


def test_a_database_at_another_revision_is_not_ready(api: Api) -> None:
    with api.service.database.writing():
        api.service.database.run("UPDATE alembic_version SET version_num = 'older'", {})
    answer = api.agency.get("/health/ready")
    assert (answer.status, answer.json["status"]) == (503, "not ready")
    assert "`older`" in answer.json["reason"]


def test_the_metrics_count_answers_and_name_nobody(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    api.agency.get(f"/fhir/{goal}")
    api.agency.get("/fhir/Goal/none")
    for method in ("BREW", "BREW2", "X" * 100):
        api.agency(method, "/fhir/Goal")
    text = api.http.get("/metrics").text
    assert 'careplan_responses_total{method="GET",status="2xx"} 1.0' in text
    assert 'careplan_responses_total{method="GET",status="4xx"} 1.0' in text
    assert 'careplan_responses_total{method="POST",status="2xx"} 1.0' in text
    assert 'careplan_responses_total{method="other",status="4xx"} 3.0' in text
    for name in ("BREW", "agency", "partner", "ann", goal[5:]):
        assert name not in text
