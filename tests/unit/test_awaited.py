"""The sentence about a certificate that did not come."""

import pytest

from scaffold import awaited
from scaffold.facts import Awaited, Handshake

from ..builders import HOST, handshake, joining_project, project, with_environment

REFUSED = (
    "Unable to obtain ACME certificate for domains: unable to generate a certificate for the domains [demo.shop]:"
    " error: one or more domains had a problem:\n[demo.shop] acme: error: 400 ::"
    " urn:ietf:params:acme:error:connection :: 10.1.2.3: Connection refused"
)
STRANGER = handshake(problem="unable to get local issuer certificate")


def test_the_cause_is_the_message_and_traefiks_words_are_the_evidence() -> None:
    error = awaited.error(Awaited(HOST, Handshake(problem="alert"), (REFUSED,)), project())

    assert error.message.startswith("the certificate for demo.shop did not come: nothing listens on port 80")
    assert error.evidence == (REFUSED,)
    assert error.hint.endswith("then `stack up`")


def test_words_that_nobody_knows_are_shown_all_the_same() -> None:
    error = awaited.error(Awaited(HOST, handshake("other.test"), ("the moon is full",)), project())

    assert "what is served is for other.test, issued by Example CA" in error.message
    assert error.evidence == ("the moon is full",)
    assert "orders anew" in error.hint


def test_without_any_word_it_is_told_what_is_served() -> None:
    error = awaited.error(Awaited(HOST, Handshake(problem="connection refused")), project())

    assert error.message.endswith("connection refused")
    assert error.evidence == ("connection refused",)
    assert "docker compose logs traefik" in error.hint


@pytest.mark.parametrize(
    ("certificates", "hint"), [("files", "STACK_ACME_ROOT"), ("acme", "docker compose logs traefik")]
)
def test_a_right_name_of_somebody_who_is_not_believed_is_told_as_such(certificates: str, hint: str) -> None:
    stack = with_environment(project(), STACK_CERTIFICATES=certificates)
    error = awaited.error(Awaited(HOST, STRANGER), stack)

    assert error.message.endswith("issued by Example CA; unable to get local issuer certificate")
    assert hint in error.hint


def test_behind_a_shared_proxy_its_folder_and_its_volume_are_named() -> None:
    full = "write /tmp/acme.json: no space left on device"
    told = [
        awaited.error(Awaited(HOST, Handshake(problem="alert"), words), joining_project()).hint
        for words in (
            (REFUSED,),
            ("unable to get ACME account: permissions 644 for /tmp/acme.json are too open",),
            (full,),
            (),
        )
    ]

    assert all(hint.endswith("(what is Traefik's is in /srv/proxy)") for hint in told)
    assert any("proxy_acme" in hint for hint in told)


def test_a_rehearsal_that_failed_says_that_it_cost_nothing() -> None:
    error = awaited.rehearsed(Awaited(HOST, Handshake(problem="alert"), (REFUSED,)), project())

    assert error.message.startswith("the rehearsal failed, and nothing was started or ordered: the certificate for")
    assert "then `stack up`" in error.hint
    assert f"rehearsed with {project().rehearsal_directory}; `stack up --no-rehearsal`" in error.hint


def test_a_rehearsal_without_a_word_does_not_send_anybody_to_a_log_that_is_not_there() -> None:
    error = awaited.rehearsed(Awaited(HOST, Handshake(problem="alert")), project())

    assert "docker compose logs" not in error.hint
