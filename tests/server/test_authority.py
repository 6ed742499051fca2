"""The certificate that devices trust: handed out to whoever has its pin, and to nobody by mistake."""

from __future__ import annotations

import hashlib
import json
import ssl
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from scanner_app.errors import ConfigError
from server.authority import authority_of, read_authority
from server.cli.main import main
from server.settings import Settings, find_settings
from server.signing import make_key
from sync.exchange import Failed, Failure
from sync.transport import pinned_authority
from tests.server.certificates import make_certificate
from tests.server.conftest import Running, serving
from tests.server.handhelds import new_books

if TYPE_CHECKING:
    from pathlib import Path


def pin_of(pem: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def test_a_device_with_the_pin_gets_the_certificate_and_verifies_by_it(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    home = tmp_path / "home"
    settings = Settings(home, home / "centre.db", "127.0.0.1", 0, certificate, key)
    make_key(settings.key_path)
    new_books(settings.database).close()
    with contextmanager(serving)(settings) as running:
        pem = pinned_authority(running.url, pin_of(certificate.read_text()))
        assert isinstance(pem, str), pem
        verified = httpx.get(f"{running.url}/v1/health", verify=ssl.create_default_context(cadata=pem))
        assert verified.json() == {"status": "up"}
        assert pinned_authority(running.url, "00" * 32) == Failed(Failure.TURNED_AWAY, code="PIN_DIFFERS")


def test_a_centre_without_a_certificate_has_none_to_give(running: Running) -> None:
    answer = running.http.get("/v1/authority")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    failed = pinned_authority(running.url, "00" * 32)
    assert isinstance(failed, Failed)
    assert failed.code == "NOT_FOUND"


def test_it_is_the_top_of_the_chain_or_the_one_that_is_named(tmp_path: Path) -> None:
    for name in ("leaf", "top", "other"):
        (tmp_path / name).mkdir()
    leaf, top, other = (make_certificate(tmp_path / name)[0] for name in ("leaf", "top", "other"))
    chain = tmp_path / "chain.pem"
    chain.write_text("# our own\n" + leaf.read_text() + top.read_text())
    settings = Settings(tmp_path, tmp_path / "centre.db", "127.0.0.1", 0, chain, chain)

    assert authority_of(replace(settings, certificate=None)) is None
    found = authority_of(settings)
    assert found is not None
    assert found.pin == pin_of(top.read_text())
    named = find_settings({"authority": str(other)}, None, {"SCANNER_SERVER_HOME": str(tmp_path)})
    found = authority_of(named)
    assert found is not None
    assert (found.pem, found.pin) == (other.read_text(), pin_of(other.read_text()))


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", "ü"])
def test_a_file_without_a_certificate_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wrong.pem"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"wrong\.pem: no certificate"):
        read_authority(path)
    with pytest.raises(ConfigError, match="No such file"):
        read_authority(tmp_path / "nowhere.pem")


def test_an_enrolment_code_comes_with_the_pin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate, _ = make_certificate(tmp_path)
    monkeypatch.setenv("SCANNER_SERVER_HOME", str(tmp_path / "home"))
    assert main(["init", "--site", "OSL", "--time-zone", "Europe/Oslo"]) == 0
    for authority, pin in (("", None), (str(certificate), pin_of(certificate.read_text()))):
        monkeypatch.setenv("SCANNER_SERVER_AUTHORITY", authority)
        capsys.readouterr()
        assert main(["enrol-code", "--device", "A", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["ca_pin"] == pin
