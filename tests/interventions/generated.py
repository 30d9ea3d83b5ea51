"""Plans that hypothesis makes up: every field of every part, within the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

from hypothesis import strategies as st

from careplan_service.interventions import terms
from careplan_service.interventions.catalogue import domain_terms, domains, kind_terms
from careplan_service.interventions.intake_fields import UNWRITABLE, measured
from careplan_service.interventions.plan import (
    Acceptance,
    Agreement,
    Alert,
    Case,
    ClientSystem,
    EmergencyContact,
    Goal,
    Identifier,
    Member,
    Need,
    Objective,
    Participant,
    Person,
    Plan,
    Strategy,
    Strength,
)
from careplan_service.interventions.practice import ATTAINED
from careplan_service.interventions.record import (
    Addendum,
    Answer,
    Assessment,
    Attendance,
    BillingCode,
    Closing,
    Finding,
    Referral,
    Review,
    Risk,
    Scaling,
    Screening,
    ScreeningAnswer,
    Section,
    Session,
)
from careplan_service.interventions.screening.tools import tools

SECRET = "zqx"
START, END = date(2025, 1, 1), date(2025, 12, 31)

texts = (
    st.text(
        st.characters(exclude_categories=("Cs", "Cc", "Cn"), include_characters="\n"), min_size=1, max_size=12
    )
    .map(str.strip)
    .filter(lambda text: text and not UNWRITABLE.search(text))
)
maybe_texts = st.none() | texts
days = st.integers(0, 364).map(lambda n: START + timedelta(days=n))
values = st.booleans() | st.integers(-999_999_999, 999_999_999) | texts.filter(lambda t: measured(t) == t)


def one_of(listed, *, but=()):
    return st.sampled_from([code for code in listed.by_code if code not in but])


def maybe(strategy):
    return st.none() | strategy


marks = st.lists(st.sampled_from(["SDV", "MH", "SUD", "PATLOC", "42CFRPart2"]), max_size=2, unique=True).map(
    tuple
)


def picked(rows):
    codes = sorted({row.code for row in rows})
    return st.lists(st.sampled_from(codes), max_size=2, unique=True).map(tuple) if codes else st.just(())


@st.composite
def identifiers(draw, i):
    system = draw(st.sampled_from(["https://agency.example.org/number", "urn:oid:1.2.3"]))
    return draw(maybe(st.just(Identifier(system, f"{i}|{draw(st.integers(0, 9))}"))))


@st.composite
def emergency_contacts(draw):
    return EmergencyContact(
        name=f"Name {SECRET}",
        phone=draw(st.sampled_from([None, f"+2 555 {SECRET}"])),
        relationship=draw(maybe_texts),
    )


@st.composite
def members(draw, i, client):
    number = draw(identifiers(f"m{i}"))
    further = [Identifier("urn:oid:1.2.4", f"m{i}"), Identifier("https://other.example.org/x", f"m{i}")]
    person = Person(
        given=f"Given {i}",
        family=draw(st.sampled_from([None, f"Family {i}"])),
        identifier=number,
        birth_date=draw(maybe(days)),
        gender=draw(maybe(one_of(terms.GENDERS))),
        phone=draw(st.sampled_from([None, f"+1 555 {SECRET}"])),
        email=draw(st.sampled_from([None, f"{SECRET}@example.org"])),
        address=draw(st.sampled_from([None, f"{SECRET} Lane"])),
        language=draw(st.sampled_from([None, "es", "Tigrinya"])),
        interpreter=draw(st.booleans()),
        safe_contact=draw(st.sampled_from([None, f"ring twice {SECRET}"])),
        address_confidential=draw(st.booleans()),
        pronouns=draw(maybe_texts),
        identifiers=draw(some(further)) if number else (),
        emergency_contact=draw(maybe(emergency_contacts())),
        guardian=draw(maybe_texts),
    )
    alleged = None if client else draw(st.sampled_from([None, None, True, False]))
    return Member(person, draw(maybe_texts), client, alleged, draw(marks))


@st.composite
def client_systems(draw):
    kind = draw(one_of(terms.CLIENT_SYSTEMS))
    least = 1 if kind in ("individual", "family") else 0
    clients = [
        draw(members(i, True)) for i in range(draw(st.integers(least, 1 if kind == "individual" else 3)))
    ]
    relatives = [draw(members(9 + i, False)) for i in range(draw(st.integers(0, 2)))] if least else []
    told = tuple(draw(st.permutations([*clients, *relatives])))
    return draw(
        guarded(
            ClientSystem(
                kind=kind,
                name=draw(maybe_texts if kind == "individual" else texts),
                members=told,
                identifier=draw(identifiers("system")),
                size=draw(maybe(st.integers(1, 999))),
                locality=draw(maybe_texts),
                description=draw(maybe_texts),
                sensitivity=draw(marks),
            )
        )
    )


@st.composite
def guarded(draw, system):
    """Some members have others of them for a guardian."""
    index = system.index_client
    names = [
        "client" if one is index else one.person.name for one in system.members if not one.alleged_abuser
    ]
    guardians = [draw(st.sampled_from([None, *names])) for _ in system.members]
    return replace(
        system,
        members=tuple(
            replace(one, person=replace(one.person, guardian=name or one.person.guardian))
            for one, name in zip(system.members, guardians, strict=True)
        ),
    )


@st.composite
def participants(draw, i):
    name = draw(st.sampled_from([None, f"Pat {i}"]))
    agency = draw(st.sampled_from([None, f"Agency {i}"])) if name else f"Agency {i}"
    return Participant(
        role=draw(texts),
        name=name,
        agency=agency,
        identifier=draw(identifiers(f"p{i}")) if name else None,
        agency_identifier=draw(identifiers(f"a{i}")) if agency else None,
        sensitivity=draw(marks),
    )


@st.composite
def strategies(draw, number, actors):
    who = draw(st.lists(st.sampled_from(actors), max_size=3, unique=True))
    return Strategy(
        number=number,
        text=draw(texts),
        kind=draw(one_of(kind_terms())),
        method=draw(maybe_texts | st.just("housing")),
        evidence_base=draw(maybe_texts),
        frequency=draw(maybe_texts | st.sampled_from(["weekly", "Twice a week"])),
        duration=draw(maybe_texts | st.sampled_from(["50 minutes", "1 hour"])),
        count=draw(maybe(st.integers(1, 99))),
        who=tuple(sorted(who, key=lambda name: name != "client")),
        where=draw(maybe_texts),
        status=draw(one_of(terms.ACTIVITY_STATES)),
        sensitivity=draw(marks),
    )


@st.composite
def objectives(draw, number, actors):
    status = draw(one_of(terms.GOAL_STATES))
    active = status in terms.ACTIVE_GOALS
    measure = draw(texts if active else maybe_texts)
    result = draw(maybe(values)) if measure else None
    return Objective(
        number=number,
        statement=draw(texts),
        measure=measure,
        target=draw(values if active else maybe(values)) if measure else None,
        baseline=draw(maybe(values)),
        due=draw(days if active else maybe(days)),
        result=result,
        result_date=None if result is None else draw(maybe(days)),
        evidence=draw(texts if status in ATTAINED else maybe_texts),
        responsible=draw(maybe(st.sampled_from(actors))),
        status=status,
        strategies=tuple(draw(strategies(f"{number}.{c}", actors)) for c in "abc"[: draw(st.integers(0, 3))]),
        sensitivity=draw(marks),
    )


@st.composite
def goals(draw, number, actors, states, people):
    domain = draw(one_of(domain_terms()))
    start, target = sorted([draw(days), draw(days)])
    status = draw(st.sampled_from(states))
    return Goal(
        number=number,
        words=draw(texts),
        domain=domain,
        wording=draw(maybe_texts),
        priority=draw(maybe(one_of(terms.PRIORITIES))),
        start=draw(maybe(st.just(start))),
        target_date=draw(maybe(st.just(target))),
        status=status,
        codes=draw(picked(domains()[domain].goals)),
        evidence_of_success=draw(maybe_texts),
        evidence=draw(texts if status in ATTAINED else maybe_texts),
        acceptance=tuple(Acceptance(who, draw(one_of(terms.ACCEPTANCES))) for who in draw(some(people))),
        scaling=draw(maybe(scales())),
        objectives=tuple(
            draw(objectives(f"{number}.{n + 1}", actors)) for n in range(draw(st.integers(0, 2)))
        ),
        sensitivity=draw(marks),
    )


@st.composite
def needs(draw, i):
    domain = draw(one_of(domain_terms()))
    codes = draw(picked(domains()[domain].conditions))
    return Need(f"{draw(texts)} {i}", domain, draw(maybe(one_of(terms.SEVERITIES))), codes, draw(marks))


@st.composite
def strengths(draw, i):
    codes = draw(picked(domains()["protective-factor"].conditions))
    return Strength(f"{draw(texts)} {i}", codes, draw(marks))


@st.composite
def scales(draw):
    return Scaling(
        levels=tuple(draw(texts) for _ in range(5)),
        weight=draw(st.integers(1, 9)),
        baseline=draw(st.integers(-2, 2)),
    )


@st.composite
def moments(draw):
    zone = timezone(timedelta(minutes=draw(st.sampled_from([0, 60, -300, 330]))))
    return datetime(2025, 3, 1, tzinfo=zone) + timedelta(minutes=draw(st.integers(0, 99_999)))


@st.composite
def assessments(draw, n, team):
    answered = draw(st.booleans())
    answer = Answer(
        question=draw(texts),
        code=draw(st.sampled_from([None, "71802-3"])),
        answer=draw(values) if answered else None,
        unanswered=None if answered else draw(one_of(terms.UNANSWERED)),
    )
    return Assessment(
        number=f"A{n}",
        date=draw(days),
        presenting=draw(texts),
        tool=draw(maybe_texts),
        worker=draw(st.sampled_from([None, *team])),
        informant=draw(maybe_texts),
        words=draw(maybe_texts),
        history=draw(maybe_texts),
        formulation=draw(maybe_texts),
        sections=tuple(
            Section(draw(one_of(domain_terms())), draw(texts)) for _ in range(draw(st.integers(0, 2)))
        ),
        needs=tuple(draw(needs(i)) for i in range(draw(st.integers(0, 1)))),
        strengths=tuple(draw(strengths(i)) for i in range(draw(st.integers(0, 1)))),
        risks=draw(st.sampled_from([(), (Risk("fire", "low"), Risk("self-harm", "high", "call 5"))])),
        answers=draw(st.sampled_from([(), (answer,)])),
        screening=draw(maybe(screenings())),
        sensitivity=draw(marks),
    )


@st.composite
def screenings(draw):
    tool = draw(st.sampled_from(list(tools().values())))
    asked = draw(st.lists(st.sampled_from(tool.asked), min_size=1, max_size=4, unique=True))
    told = []
    for question in (one for one in tool.asked if one in asked):
        if draw(st.integers(0, 3)) == 0:
            told.append(ScreeningAnswer(question.text, None, draw(one_of(terms.UNANSWERED))))
            continue
        listed = [choice.display for choice in question.choices]
        words = texts.filter(lambda t: measured(t) == t)
        one = st.integers(0, 99_999) if question.type == "integer" else st.sampled_from(listed)
        one = one | words if question.type == "open-choice" else one
        given = draw(st.lists(one, min_size=1, max_size=2, unique=True)) if question.many else [draw(one)]
        told.append(ScreeningAnswer(question.text, tuple(given) if question.many else given[0]))
    return Screening(tool.id, tuple(told))


def some(listed):
    return st.lists(st.sampled_from(listed), max_size=2, unique=True).map(tuple) if listed else st.just(())


@st.composite
def sessions(draw, n, actors, goals, acts):
    start = draw(moments())
    return Session(
        number=f"S{n}",
        kind=draw(one_of(kind_terms())),
        start=start,
        end=start + timedelta(minutes=draw(st.integers(0, 90))),
        narrative=draw(texts),
        mode=draw(one_of(terms.MODES)),
        attendance=tuple(Attendance(who, draw(one_of(terms.ATTENDANCES))) for who in draw(some(actors))),
        goals=draw(some(goals)),
        strategies=draw(some(acts)),
        response=draw(maybe_texts),
        next_step=draw(maybe_texts),
        units=draw(maybe(st.integers(1, 9))),
        billing_code=draw(
            st.sampled_from([None, BillingCode("T1017 U1"), BillingCode("H0001", "https://example.org/b")])
        ),
        by=draw(st.sampled_from([None, *[one for one in actors if one != "client"]])),
        signed_at=draw(maybe(moments())),
        late_reason=draw(texts),
        addenda=draw(st.sampled_from([(), (Addendum("more", "forgotten", start),)])),
        sensitivity=draw(marks),
    )


@st.composite
def reviews(draw, n, goals, scaled, held):
    found = draw(some(goals))
    return Review(
        number=f"R{n}",
        date=draw(days),
        findings=tuple(
            Finding(
                goal=goal,
                status=draw(one_of(terms.GOAL_STATES)),
                level=draw(maybe(st.integers(-2, 2))) if goal in scaled else None,
                evidence=draw(texts),
                sessions=draw(some(held)),
            )
            for goal in found
        ),
        effective=draw(maybe(one_of(terms.EFFECTS))),
        barriers=draw(maybe_texts),
        next_review=draw(maybe(days)),
        sensitivity=draw(marks),
    )


@st.composite
def referrals(draw, n, team, closed):
    status = draw(one_of(terms.REFERRAL_STATES, but=terms.OPEN_REFERRALS if closed else ()))
    return Referral(
        number=f"F{n}",
        text=draw(texts),
        to=draw(st.sampled_from([one.label for one in team if one.agency])),
        domain=draw(one_of(domain_terms())),
        kind=draw(one_of(kind_terms())),
        urgency=draw(maybe(one_of(terms.URGENCIES))),
        status=status,
        vendor_status=draw(st.sampled_from([None, "Pending - In Process"])),
        sent=draw(maybe(st.just(START))),
        consent=draw(st.sampled_from([None, "roi-1"])),
        legal_ground=draw(texts),
        outcome=draw(maybe_texts),
        closed=draw(maybe(st.just(END))),
        warm_handoff=draw(st.booleans()),
        again="F1" if n > 1 and draw(st.booleans()) else None,
        sensitivity=draw(marks),
    )


@st.composite
def closings(draw):
    return Closing(
        date=draw(days),
        planned=draw(st.booleans()),
        notice=draw(texts),
        recommendations=draw(maybe_texts),
        follow_up=draw(maybe_texts),
        follow_up_date=draw(maybe(days)),
        feedback=draw(maybe_texts),
        destination=draw(maybe_texts),
    )


@st.composite
def recorded_plans(draw):
    """A plan with what has become of it."""
    plan = draw(plans())
    system, team = plan.client_system, plan.participants
    actors = ["client", *(["worker"] if plan.worker else []), *(one.label for one in team)]
    actors += [
        one.person.name for one in system.members if one is not system.index_client and not one.alleged_abuser
    ]
    named = [*(["worker"] if plan.worker else []), *(one.label for one in team)]
    steps = [objective for goal in plan.goals for objective in goal.objectives]
    goals = [goal.number for goal in plan.goals] + [objective.number for objective in steps]
    acts = [strategy.number for objective in steps for strategy in objective.strategies]
    scaled = [goal.number for goal in plan.goals if goal.scaling]
    held = tuple(draw(sessions(n + 1, actors, goals, acts)) for n in range(draw(st.integers(0, 3))))
    told = [one.number for one in held]
    agencies = any(one.agency for one in team)
    return replace(
        plan,
        assessments=tuple(draw(assessments(n + 1, named)) for n in range(draw(st.integers(0, 2)))),
        sessions=held,
        reviews=tuple(draw(reviews(n + 1, goals, scaled, told)) for n in range(draw(st.integers(0, 2)))),
        referrals=tuple(
            draw(referrals(n + 1, team, plan.status.startswith("closed")))
            for n in range(draw(st.integers(0, 2 if agencies else 0)))
        ),
        closing=draw(maybe(closings())),
        episode=draw(st.sampled_from([None, 2])),
        reopens=draw(st.sampled_from([None, "plan-before"])),
    )


@st.composite
def alerts(draw, i):
    start, end = sorted([draw(days), draw(days)])
    return Alert(
        kind=draw(one_of(terms.ALERT_KINDS)),
        text=f"{draw(texts)} {i}",
        start=draw(maybe(st.just(start))),
        end=draw(maybe(st.just(end))),
        sensitivity=draw(marks),
    )


@st.composite
def agreements(draw):
    return Agreement(
        status=draw(one_of(terms.AGREEMENTS)),
        date=draw(maybe(days)),
        how=draw(maybe(one_of(terms.AGREED_HOW))),
        comment=draw(maybe_texts),
        reason=draw(texts),
    )


@st.composite
def cases(draw):
    opened, closed = sorted([draw(days), draw(days)])
    status = draw(one_of(terms.CASE_STATES))
    return Case(
        number=draw(texts),
        programme=draw(texts),
        opened=opened,
        referral_source=draw(maybe_texts),
        status=status,
        closed=None if status in terms.OPEN_CASES else draw(maybe(st.just(closed))),
        exit_reason=draw(maybe_texts),
        destination=draw(maybe_texts),
        aftercare=draw(maybe_texts),
        sensitivity=draw(marks),
    )


@st.composite
def plans(draw):
    """A plan that intake would give."""
    status = draw(one_of(terms.PLAN_STATES))
    active = status in terms.ACTIVE_PLANS
    system = draw(client_systems())
    team = [draw(participants(i)) for i in range(draw(st.integers(0, 3)))]
    worker = (
        Participant("social worker", "Dana", identifier=draw(identifiers("w")))
        if draw(st.booleans())
        else None
    )
    index = system.index_client
    actors = ["client", *(["worker"] if worker else []), *(one.label for one in team)]
    others = [one.person.name for one in system.members if one is not index and not one.alleged_abuser]
    actors += others
    states = [
        s for s in terms.GOAL_STATES.by_code if not status.startswith("closed") or s in terms.CLOSED_GOALS
    ]
    numbers = range(draw(st.integers(1 if active else 0, 2)))
    return Plan(
        number=f"P-{draw(st.integers(1, 99))}",
        title=draw(texts),
        client_system=system,
        status=status,
        status_reason=draw(maybe_texts),
        start=draw(maybe(st.just(START))),
        end=draw(maybe(st.just(END))),
        review_date=draw(days if active else maybe(days)),
        case=draw(maybe(cases())) if any(one.client for one in system.members) else None,
        needs=tuple(draw(needs(i)) for i in range(draw(st.integers(1 if active else 0, 2)))),
        strengths=tuple(draw(strengths(i)) for i in range(draw(st.integers(0, 2)))),
        goals=tuple(
            draw(goals(str(n + 1), actors, states, [*(["client"] if index else []), *others]))
            for n in numbers
        ),
        worker=worker,
        participants=tuple(team),
        agreement=draw(agreements() if active else maybe(agreements())),
        sharing_notes=draw(maybe_texts),
        crisis_plan=draw(maybe_texts),
        alerts=tuple(draw(alerts(i)) for i in range(draw(st.integers(0, 2)))),
        sensitivity=draw(marks),
    )
