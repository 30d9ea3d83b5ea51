"""The few hierarchies that consent decisions stand on: confidentiality, sensitivity, purpose of use.

https://terminology.hl7.org/CodeSystem-v3-Confidentiality.html, -v3-ActCode.html, -v3-ActReason.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
US_PRIVACY_LAW = "http://terminology.hl7.org/CodeSystem/v3-ActUSPrivacyLaw"

RANK: Mapping[str, int] = {"U": 0, "L": 1, "M": 2, "N": 3, "R": 4, "V": 5}
NORMAL, RESTRICTED, VERY_RESTRICTED = RANK["N"], RANK["R"], RANK["V"]

# Codes of one meaning are written under several systems; an alias missed here is a deny that leaks.
LABEL_SYSTEMS = frozenset(
    {
        CONFIDENTIALITY,
        ACT_CODE,
        US_PRIVACY_LAW,
        "http://hl7.org/fhir/v3/Confidentiality",
        "http://hl7.org/fhir/v3/ActCode",
        "http://hl7.org/fhir/v3/ActUSPrivacyLaw",
        "http://terminology.hl7.org/ValueSet/v3-InformationSensitivityPolicy",
        "http://terminology.hl7.org/ValueSet/v3-ActInformationSensitivityPolicy",
        "http://hl7.org/fhir/ValueSet/security-labels",
        "urn:oid:2.16.840.1.113883.5.25",
        "urn:oid:2.16.840.1.113883.5.4",
    }
)
PURPOSE_SYSTEMS = frozenset({ACT_REASON, "http://hl7.org/fhir/v3/ActReason", "urn:oid:2.16.840.1.113883.5.8"})

_PURPOSE_CHILDREN: Mapping[str, str] = {
    "PurposeOfUse": "HMARKT HOPERAT HPAYMT HRESCH PATRQT PUBHLTH TREAT",
    "HOPERAT": "CAREMGT DONAT FRAUD GOV HACCRED HCOMPL HDECD HDIRECT HDM HLEGAL HOUTCOMS HPRGRP HQUALIMP"
    " HSYSADMIN LABELING METAMGT MEMADMIN MILCDM PATADMIN PATSFTY PERFMSR RECORDMGT SYSDEV HTEST TRAIN",
    "HPAYMT": "CLMATTCH COVAUTH COVERAGE ELIGDTRM ELIGVER ENROLLM MILDCRG REMITADV",
    "COVERAGE": "ELIGDTRM ELIGVER ENROLLM MILDCRG",
    "HRESCH": "BIORCH CLINTRCH DSRCH POARCH PRECLINTRCH TRANSRCH",
    "CLINTRCH": "CLINTRCHNPC CLINTRCHPC",
    "PATRQT": "FAMRQT PWATRNY SUPNWK",
    "PUBHLTH": "DISASTER THREAT",
    "TREAT": "CLINTRL COC ETREAT POPHLTH",
    "ETREAT": "BTG ERTREAT",
}
_SENSITIVITY_NARROW: Mapping[str, str] = {
    "SPI": "BH MH PSY PSYTHPN SUD",
    "SUD": "ETHUD OPIOIDUD",
}
# A deny reads the hierarchy widely: behavioural health includes its usual parts, ETH the newer ETHUD.
_SENSITIVITY_WIDE: Mapping[str, str] = {
    "SPI": "BH MH PSY PSYTHPN SUD",
    "BH": "COGN DVD EMOTDIS MH PSY PSYTHPN SUD",
    "SUD": "ETHUD OPIOIDUD",
    "ETH": "ETHUD",
}
PART2 = frozenset({"SUD", "ETHUD", "OPIOIDUD", "ETH", "42CFRPart2"})
# Handling instructions ride in meta.security too, but say nothing of what the data is about.
_HANDLING = frozenset(
    "AUTHPOL ACCESSCONSCHEME DELEPOL ObligationPolicy ANONY AOD AUDIT AUDTR CPLYCC CPLYCD CPLYJPP CPLYOPP"
    " CPLYOSP CPLYPOL DECLASSIFYLABEL DEID DELAU DOWNGRDLABEL DRIVLABEL ENCRYPT ENCRYPTR ENCRYPTT ENCRYPTU"
    " HUAPRV LABEL MASK MINEC PERSISTLABEL PRIVMARK PSEUD REDACT UPGRDLABEL PROCESSINLINELABEL RefrainPolicy"
    " NOAUTH NOCOLLECT NODSCLCD NODSCLCDS NOINTEGRATE NOLIST NOMOU NOORGPOL NOPAT NOPERSISTP NORDSCLCD"
    " NORDSLCD NORDSCLCDS NORDSCLW NORELINK NOREUSE NOVIP ORCON".split()
)
_HANDLING_SYSTEMS = ("v3-ObservationValue", "v3/ObservationValue")
TEST_DATA = "HTEST"  # a purpose tag that says `test data`, not `only for testing`

# The root stands for every purpose: it may be listed in a rule, nobody acts for it.
PURPOSES = frozenset(" ".join(_PURPOSE_CHILDREN.values()).split())


def _below(code: str, children: Mapping[str, str]) -> set[str]:
    found, waiting = {code}, [code]
    while waiting:
        for child in children.get(waiting.pop(), "").split():
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


_ANCESTORS: Mapping[str, tuple[str, ...]] = {
    code: tuple(sorted(p for p in _PURPOSE_CHILDREN if code in _below(p, _PURPOSE_CHILDREN)))
    for code in PURPOSES
}


def purpose_and_ancestors(code: str) -> tuple[str, ...]:
    """`COC` -> (`COC`, `PurposeOfUse`, `TREAT`): every listed code that covers the asserted one."""
    return tuple(sorted({code, *_ANCESTORS.get(code, ())}))


def covered_labels(codes: Iterable[str], *, widely: bool) -> frozenset[str]:
    """The sensitivity codes that a list covers: narrowly for a permit, widely for a deny."""
    children = _SENSITIVITY_WIDE if widely else _SENSITIVITY_NARROW
    return frozenset(found for code in codes for found in _below(code, children))


def label_key(system: str, code: str) -> str:
    """One spelling for a security label whatever system it was written under."""
    return code if system in LABEL_SYSTEMS else f"{system}|{code}"


def purpose_key(system: str, code: str) -> str:
    """One spelling for a purpose of use; codes outside v3-ActReason keep their system."""
    return code if system in PURPOSE_SYSTEMS else f"{system}|{code}"


def sensitivity_keys(codings: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The sensitivity labels among (system, code) pairs; a label nobody knows counts as one."""
    return frozenset(
        label_key(system, code)
        for system, code in codings
        if system not in PURPOSE_SYSTEMS
        and not system.endswith(_HANDLING_SYSTEMS)
        and not (system in LABEL_SYSTEMS and (code in RANK or code in _HANDLING))
    )
