"""The certificates that the chart generates, and what an upgrade does with them."""

import datetime
import json

import pytest
from cryptography import x509
from harness import resources
from small import SmallRelease

SERVER, CLIENT, AUTHORITY = "remint-audit-tls", "remint-audit-client", "remint-audit-ca"
GENERATED = {"authorityDays": 100, "certificateDays": 9}


@pytest.fixture(scope="module")
def release(helm_program, cluster, tmp_path_factory):
    release = SmallRelease(helm_program, cluster, tmp_path_factory.mktemp("helm"))
    release.tls = {"generated": GENERATED}
    release.apply(tls=release.tls)
    yield release
    release.remove()


def days(certificate):
    return (certificate.not_valid_after_utc - certificate.not_valid_before_utc) / datetime.timedelta(days=1)


def fingerprints(release):
    return {name: release.certificate(name).serial_number for name in (SERVER, CLIENT, AUTHORITY)}


def test_both_certificates_are_of_one_authority_and_live_as_long_as_they_should(release):
    authority = release.certificate(AUTHORITY)
    assert days(authority) == pytest.approx(100, abs=0.1)
    for name in (SERVER, CLIENT):
        assert release.certificate(name, "ca.crt") == authority
        release.certificate(name).verify_directly_issued_by(authority)
        assert days(release.certificate(name)) == pytest.approx(9, abs=0.1)
    keys = set(release.secret(SERVER)["data"])
    assert keys == {"ca.crt", "tls.crt", "tls.key"}, "the authority's key is not mounted into the pods"


def renewed_by(release, **tls):
    """Which Secrets have new certificates after an upgrade with these values on top of the former ones."""
    before = fingerprints(release)
    release.tls = release.tls | tls
    release.apply(tls=release.tls)
    after = fingerprints(release)
    return {name for name in after if after[name] != before[name]}


def test_an_upgrade_keeps_the_certificates(release):
    assert renewed_by(release) == set()


def test_other_names_renew_the_server_certificate_alone(release):
    assert renewed_by(release, extraDnsNames=["a.example"], extraIpAddresses=["192.0.2.7"]) == {SERVER}
    names = release.certificate(SERVER).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {f"remint-audit.{release.namespace}.svc", "a.example"} <= set(names.get_values_for_type(x509.DNSName))
    assert "192.0.2.7" in map(str, names.get_values_for_type(x509.IPAddress))


def test_who_asks_for_it_gets_new_certificates_of_the_same_authority(release):
    assert renewed_by(release, generated=GENERATED | {"renew": "today"}) == {SERVER, CLIENT}


def test_a_certificate_in_its_last_third_is_renewed(release):
    renew_after = int(release.secret(CLIENT)["metadata"]["annotations"]["remint.dev/renew-after"])
    ends = release.certificate(CLIENT).not_valid_after_utc.timestamp()
    assert ends - renew_after == pytest.approx(3 * 86400, abs=60), "a third of nine days"
    past = "remint.dev/renew-after=1"
    resources.kubectl(release.cluster, "annotate", "--overwrite", "secret", CLIENT, "-n", release.namespace, past)
    assert renewed_by(release) == {CLIENT}


def test_a_rollback_brings_the_former_certificates_back(release):
    """The chart's README says so: a rollback applies what was rendered then, and renders nothing."""
    before = fingerprints(release)
    revision = release.helm.run("history", "remint", "-n", release.namespace, "--max=1", "-o", "json")
    renewed_by(release, generated=GENERATED | {"renew": "tomorrow"})
    assert fingerprints(release)[SERVER] != before[SERVER]
    release.helm.run("rollback", "remint", json.loads(revision)[-1]["revision"], "-n", release.namespace)
    assert fingerprints(release) == before


def test_with_cert_manager_the_clients_certificate_has_a_life_of_its_own(helm):
    certificates = helm.template({"audit": {"tls": {"mode": "certManager"}}})
    assert certificates.one("Certificate", SERVER)["spec"]["duration"] == "2160h"
    assert certificates.one("Certificate", CLIENT)["spec"]["duration"] == "8760h", "its copy is brought to the API servers by hand"


def test_a_generated_token_is_kept(release):
    shown = {"clientCertificate": False, "bearerToken": {"enabled": True}}
    release.apply(**shown)
    token = release.pem("remint-audit-token", "token")
    assert len(token) == 64
    release.apply(**shown)
    assert release.pem("remint-audit-token", "token") == token


def test_a_generated_token_for_log_collectors_is_kept_and_is_none_for_audit_events(release):
    tokens = {"podLogs": {"bearerToken": {"enabled": True}}}
    release.apply(bearerToken={"enabled": True}, values=tokens)
    token = release.pem("remint-pod-log-token", "token")
    assert len(token) == 64 and token != release.pem("remint-audit-token", "token")
    release.apply(bearerToken={"enabled": True}, values=tokens)
    assert release.pem("remint-pod-log-token", "token") == token
