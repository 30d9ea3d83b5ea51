"""The signing keys of the service: made once, by one process, for nobody else's eyes."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc.jwk import ECKey, RSAKey

from careplan_service.errors import Invalid, Unavailable
from careplan_service.oauth.keys import SigningKeys


def test_the_first_key_is_made_where_there_is_none_and_only_its_owner_may_read_it(tmp_path, clock):
    directory = tmp_path / "var" / "keys"
    SigningKeys(directory, clock)
    (file,) = directory.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_the_key_is_the_same_after_a_restart(tmp_path, clock):
    assert SigningKeys(tmp_path, clock).public_jwks() == SigningKeys(tmp_path, clock).public_jwks()


def test_processes_that_start_at_once_agree_on_one_key(tmp_path, clock):
    with ThreadPoolExecutor(4) as threads:
        kids = set(threads.map(lambda _: SigningKeys(tmp_path, clock).signing_key().kid, range(4)))
    assert len(kids) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["signing-0001.pem"]


def test_only_the_public_part_is_published(keys):
    (key,) = keys.public_jwks()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert key["kid"] == RSAKey.import_key(key).thumbprint()


def test_the_newest_key_signs_and_the_older_ones_still_verify(tmp_path, clock):
    keys = SigningKeys(tmp_path, clock)
    old = keys.signing_key().kid
    new = keys.rotate()
    assert new != old
    assert keys.signing_key().kid == new
    assert [keys.find(kid).kid for kid in (old, new)] == [old, new]
    assert [key["kid"] for key in keys.public_jwks()["keys"]] == [old, new]


def test_a_key_added_by_another_process_verifies_signs_and_is_published_at_once(tmp_path, clock):
    keys = [SigningKeys(tmp_path, clock) for _ in range(4)]
    old, new = keys[0].signing_key().kid, keys[0].rotate()
    assert keys[1].find(new).kid == new
    assert keys[2].signing_key().kid == new
    assert [key["kid"] for key in keys[3].public_jwks()["keys"]] == [old, new]


def test_a_key_removed_by_another_process_verifies_for_a_second_at_most(tmp_path, clock):
    keys, elsewhere = SigningKeys(tmp_path, clock), SigningKeys(tmp_path, clock)
    old = keys.signing_key().kid
    keys.rotate()
    assert elsewhere.find(old)
    keys.remove(old)
    assert keys.find(old) is None
    clock.time += 1
    assert elsewhere.find(old) is None
    assert not elsewhere.knows(old)


def test_the_directory_is_not_looked_through_again_for_a_key_that_is_known(tmp_path, clock):
    keys = SigningKeys(tmp_path, clock)
    kid = keys.signing_key().kid
    (tmp_path / "signing-0002.pem").write_bytes(b"no key: who looks fails")
    assert keys.find(kid).kid == kid
    clock.time += 1
    with pytest.raises(Unavailable):
        keys.find(kid)


def test_a_key_file_is_read_once(tmp_path, clock):
    keys = SigningKeys(tmp_path, clock)
    assert keys.signing_key() is keys.signing_key()


def test_the_newest_key_and_one_that_is_not_there_are_not_removed(tmp_path, clock):
    keys = SigningKeys(tmp_path, clock)
    for kid, told in ((keys.signing_key().kid, "signs"), ("../signing-0001", "no signing key")):
        with pytest.raises(Invalid, match=told):
            keys.remove(kid)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("kid", ["", "signing-0001", "../signing-0001.pem", None, 5, ["x"], {}])
def test_a_key_id_is_compared_and_never_opened(keys, clock, kid):
    clock.time += 1
    assert keys.find(kid) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        ECKey.generate_key("P-256").as_pem(private=True),
        RSAKey.generate_key(2048).as_pem(private=False),
    ],
)
def test_a_file_that_is_no_private_rsa_key_is_named(tmp_path, clock, content):
    (tmp_path / "signing-0002.pem").write_bytes(content)
    with pytest.raises(Unavailable, match=r"signing-0002.pem` is not an RSA private key"):
        SigningKeys(tmp_path, clock)


def test_a_directory_that_cannot_be_used_is_named(tmp_path, clock):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(Unavailable, match=r"keys directory `.*file`"):
        SigningKeys(file, clock)
