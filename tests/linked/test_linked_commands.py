"""`scanner enrol`, `sync`, `outbox`, `doctor` and `replay` against a real centre."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.cli.main import main
from scanner_app.store.ledger import Ledger
from sync.binding import read_binding, read_token
from sync.enrolment import invitation_of
from tests.centre import RunningCentre, free_port
from tests.server.certificates import make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.linked.conftest import Homes

ANA = {"sign_in": "USR-1001.9q5ZE4C4v4b2XT4J", "pin": "2468"}
LI = {"sign_in": "USR-1002.9K3AZ4WJbyyrb62N", "pin": "1357"}
UNKNOWN = "]d20109506000134352172801311021AB\x1d21S1"


def told(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - JSON
    capsys.readouterr()
    assert main(list(arguments)) == code
    return json.loads(told(capsys))


def replayed(capsys: pytest.CaptureFixture[str], folder: Path, *lines: dict[str, Any]) -> list[dict[str, Any]]:
    script = folder / "lines"
    script.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    capsys.readouterr()
    assert main(["replay", str(script)]) == 0
    return [json.loads(line) for line in told(capsys).splitlines()]


def test_an_enrolled_handheld_has_the_sites_stock_under_the_name_that_the_centre_gave(
    homes: Homes, capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes.enrolled("A")
    said = told(capsys)
    binding = read_binding(home)
    assert binding is not None
    assert said.split("\n")[0].endswith(f"enrolled as {binding.device} at Demo (SITE-1), {homes.centre.url}")
    assert "the site is up to date" in said
    assert main(["stock", "--json"]) == 0
    stock = [json.loads(line) for line in told(capsys).splitlines()]
    reported = [json.loads(line) for line in homes.centre.command("report", "on-hand", "--json").splitlines()]
    assert sum(line["quantity"] for line in stock) == sum(line["quantity"] for line in reported) > 0
    assert answer(capsys, "outbox", "--json") == {
        "pending": 0, "acked": 0, "safe": 0, "parked": 0, "oldest_pending_s": None,
    }  # fmt: skip
    assert answer(capsys, "ledger", "verify")["ok"] is True
    for path in (home / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "keys").stat().st_mode) == 0o700


def test_what_was_scanned_before_the_enrolment_is_sent_under_its_former_name(
    homes: Homes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    homes.make("A")
    replayed(capsys, tmp_path, {"scan": "LOC-A-01-1"}, {"scan": "LOC-A-01-2"})
    assert main(["enrol", homes.centre.url, homes.centre.code(f"{tmp_path.name}-A")]) == 0
    assert "2 entries sent; the site is up to date" in told(capsys)
    assert answer(capsys, "outbox", "--json")["acked"] == 2
    assert answer(capsys, "ledger", "verify")["ok"] is True


def test_a_code_works_once_and_a_wrong_one_never(
    homes: Homes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = homes.centre.code(f"{tmp_path.name}-once")
    homes.make("A")
    assert main(["enrol", homes.centre.url, code]) == 0
    other = homes.make("B")
    capsys.readouterr()
    assert main(["enrol", homes.centre.url, code]) == 1
    said = capsys.readouterr()
    assert "ENROLMENT_REFUSED" in said.err
    assert code not in said.out + said.err
    assert read_binding(other) is None


def test_what_the_qr_code_says_is_enough(homes: Homes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    homes.make("A")
    made = homes.centre.command("enrol-code", "--device", f"{tmp_path.name}-qr", "--url", homes.centre.url)
    code, scanned, _, *symbol = made.split("\n")
    assert len(symbol) > 10
    assert main(["enrol", scanned]) == 0
    assert "enrolled as" in told(capsys)
    assert invitation_of("https://h/x#pin=aa") is None
    assert invitation_of("LOC-A-01-1") is None
    assert code not in repr(invitation_of(f"https://h/#enrol={code}&pin=aa"))


@pytest.mark.parametrize(
    ("arguments", "exit_code", "why"),
    [
        (["http://192.0.2.1:8700", "CODE"], 2, "HTTP_REFUSED"),
        (["ftp://127.0.0.1", "CODE"], 2, "URL_INVALID"),
        (["http://127.0.0.1:{port}", "CODE"], 3, "CENTRE_UNREACHABLE"),
        (["http://127.0.0.1:{port}"], 2, "USAGE"),
    ],
)
def test_an_address_that_is_none_binds_nothing(
    homes: Homes, arguments: list[str], exit_code: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes.make("A")
    given = [text.replace("{port}", str(free_port())) for text in arguments]
    assert main(["enrol", *given]) == exit_code
    assert why in capsys.readouterr().err
    assert read_binding(home) is None


def test_no_secret_stands_in_an_answer_a_log_an_export_or_the_ledger(
    homes: Homes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes.enrolled("A")
    replayed(capsys, tmp_path, ANA, {"scan": "LOC-A-01-1"}, {"wait_synced": 20})
    assert main(["ledger", "export"]) == 0
    assert main(["doctor"]) == 0
    said = told(capsys)
    secrets = [read_token(home).text, (home / "keys" / "device.key").read_text("ascii").strip(), "9q5ZE4C4v4b2XT4J"]
    kept = [path.read_bytes() for path in home.rglob("*") if path.is_file() and path.parent.name != "keys"]
    for secret in secrets:
        assert secret not in said
        assert not [content for content in kept if secret.encode() in content]


def test_a_sync_without_a_centre_says_so(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    homes.make("A")
    assert main(["sync", "--once"]) == 2
    assert "NOT_ENROLLED" in capsys.readouterr().err


def test_a_centre_that_is_away_loses_nothing(homes: Homes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    homes.enrolled("A")
    homes.centre.stop()
    steps = replayed(capsys, tmp_path, ANA, {"scan": "LOC-A-01-1"})
    assert [(step["saved"], step["sent"]) for step in steps] == [(1, 0), (2, 0)]
    failed = answer(capsys, "sync", "--once", "--json", code=3)
    assert failed == {"ok": False, "sent": 0, "pending": 3, "parked": 0, "link": "offline", "notice": None}
    assert answer(capsys, "outbox", "--json")["pending"] == 3
    assert main(["outbox"]) == 0
    assert "3 entries wait, the oldest for " in told(capsys)
    assert main(["doctor"]) == 1
    assert f"FAIL centre: {homes.centre.url} cannot be reached" in told(capsys)
    homes.centre.start()
    assert answer(capsys, "sync", "--once", "--json")["sent"] == 3
    assert answer(capsys, "outbox", "--json") == {
        "pending": 0, "acked": 3, "safe": 0, "parked": 0, "oldest_pending_s": None,
    }  # fmt: skip
    assert json.loads(homes.centre.command("verify"))["ok"] is True


def test_a_sync_keeps_trying_until_the_centre_is_there(
    homes: Homes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    homes.enrolled("A")
    homes.centre.stop()
    monkeypatch.setattr("scanner_app.cli.sync.sleep", lambda _: homes.centre.start())
    assert main(["sync"]) == 0
    said = capsys.readouterr()
    assert "the centre is offline; trying again" in said.err
    assert "the site is up to date" in said.out


def test_a_revoked_handheld_is_told_so_and_keeps_what_it_has(
    homes: Homes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes.enrolled("A")
    binding = read_binding(home)
    assert binding is not None
    homes.centre.command("device", "revoke", binding.device)
    steps = replayed(capsys, tmp_path, {"scan": "LOC-A-01-1"})
    assert steps[0]["saved"] == 1
    assert steps[0]["sent"] == 0
    assert answer(capsys, "sync", "--once", "--json", code=3)["notice"] == "turned_away"
    assert main(["sync"]) == 3
    assert "; the centre does not know this device: tell a supervisor. Scans are kept" in told(capsys)
    assert main(["doctor"]) == 1
    assert f"remedy: enrol again with a new code: scanner enrol {homes.centre.url} CODE" in told(capsys)


def test_two_handhelds_of_a_replay_meet_at_the_centre(
    homes: Homes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    homes.enrolled("B")
    homes.enrolled("A")
    steps = replayed(
        capsys, tmp_path,
        ANA, {"link": "offline"}, {"open": "receiving"}, {"scan": "LOC-DOCK-1"}, {"scan": UNKNOWN},
        {"device": "B"}, LI, {"device": "A"}, {"link": "online"}, {"wait_synced": 20, "scan": "LOC-DOCK-1"},
        {"device": "B", "wait_synced": 20, "scan": "LOC-DOCK-1"}, {"restart": True}, {"scan": "LOC-A-01-1"},
    )  # fmt: skip
    assert [(step["saved"], step["sent"], step["link"]) for step in steps[:4]] == [
        (1, 1, "online"), (1, 1, "offline"), (2, 1, "offline"), (3, 1, "offline"),
    ]  # fmt: skip
    assert (steps[5]["saved"], steps[5]["sent"], steps[5]["link"]) == (4, 4, "online")
    assert steps[-1]["lines"][-1].startswith("site as of ")


def test_a_ledger_that_is_in_use_is_left_alone(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    home = homes.enrolled("A")
    binding = read_binding(home)
    assert binding is not None
    ledger = Ledger.open(home / "ledger.db", binding.device, lambda: os.urandom(16))
    try:
        assert main(["sync", "--once"]) == 3
        assert "LEDGER_IN_USE" in capsys.readouterr().err
    finally:
        ledger.close()


def test_a_binding_that_cannot_be_read_is_told_with_its_remedy(
    homes: Homes, capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes.enrolled("A")
    (home / "centre.json").write_text("{", "utf-8")
    assert main(["outbox"]) == 3
    assert "BINDING_UNREADABLE" in capsys.readouterr().err


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_disk_that_was_put_back_is_found_out_and_nothing_is_lost(
    homes: Homes, tmp_path: Path, capsys: pytest.CaptureFixture[str], after: int
) -> None:
    """As many, fewer or more scans than were lost: the centre has every one of them in the end."""
    home = homes.enrolled("A")
    image = tmp_path / "image.db"
    replayed(capsys, tmp_path, {"scan": "LOC-A-01-1"})
    shutil.copyfile(home / "ledger.db", image)
    replayed(capsys, tmp_path, {"scan": "LOC-A-01-2"}, {"scan": "LOC-A-01-3"})
    before = scans_at(homes.centre)
    shutil.copyfile(image, home / "ledger.db")
    if after:
        replayed(capsys, tmp_path, *({"scan": f"LOC-B-01-{number}"} for number in range(after)))
    assert main(["sync", "--once"]) == 0
    assert answer(capsys, "outbox", "--json")["pending"] == 0
    assert scans_at(homes.centre) == before + after
    assert answer(capsys, "ledger", "verify")["ok"] is True
    assert json.loads(homes.centre.command("verify"))["ok"] is True


def scans_at(centre: RunningCentre) -> int:
    """How many facts the centre counts, of all devices."""
    return int(json.loads(centre.command("verify"))["entries"])


@pytest.fixture
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    """A centre that speaks TLS by a certificate that nobody knows."""
    folder = tmp_path_factory.mktemp("guarded")
    centre = RunningCentre(folder / "home", certificate=make_certificate(folder))
    centre.command("init", "--demo")
    centre.start()
    yield centre
    centre.stop()


def test_a_centre_of_its_own_authority_is_trusted_by_its_pin_alone(
    guarded: RunningCentre, homes: Homes, capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes.make("A")
    made = json.loads(guarded.command("enrol-code", "--device", "A", "--url", guarded.url, "--json"))
    assert main(["enrol", guarded.url, made["code"]]) == 3  # the machine's authorities do not know it
    assert main(["enrol", guarded.url, made["code"], "--ca-pin", "00" * 32]) == 1
    said = capsys.readouterr().err
    assert "CENTRE_UNREACHABLE" in said
    assert "PIN_DIFFERS" in said
    assert read_binding(home) is None
    assert main(["enrol", made["invitation"]]) == 0
    assert "the site is up to date" in told(capsys)
    assert answer(capsys, "sync", "--once", "--json")["ok"] is True
    assert main(["doctor"]) == 0


def test_a_home_that_goes_to_another_centre_sends_it_all_it_has(
    guarded: RunningCentre, homes: Homes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    homes.enrolled("A")
    replayed(capsys, tmp_path, {"scan": "LOC-A-01-1"}, {"scan": "LOC-A-01-2"})
    assert answer(capsys, "outbox", "--json")["acked"] == 2
    made = json.loads(guarded.command("enrol-code", "--device", "A", "--url", guarded.url, "--json"))
    guarded.stop()
    assert main(["enrol", made["invitation"]]) == 3
    assert answer(capsys, "outbox", "--json")["acked"] == 2
    guarded.start()
    assert main(["enrol", made["invitation"]]) == 0
    assert "2 entries sent; the site is up to date" in told(capsys)
    assert json.loads(guarded.command("verify"))["ok"] is True


def test_an_invitation_in_a_replay_is_no_scan(homes: Homes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = homes.make("A")
    steps = replayed(capsys, tmp_path, {"scan": "https://centre.example/#enrol=SECRET"}, {"scan": "LOC-A-01-1"})
    assert [step["saved"] for step in steps] == [0, 1]
    assert not [path for path in home.rglob("*") if path.is_file() and b"SECRET" in path.read_bytes()]


def test_a_new_handheld_is_enrolled_as_it_is_and_has_its_configuration(
    homes: Homes, capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes.use("new")
    assert main(["enrol", homes.centre.url, "WRONG"]) == 1
    assert (home / "config.toml").exists()
    code = homes.centre.code(f"{homes.folder.name}-new")
    assert main(["enrol", homes.centre.url, code.replace("-", "").lower()]) == 0
    assert "the site is up to date" in told(capsys)


def test_a_code_for_a_name_that_is_at_work_says_so(homes: Homes) -> None:
    homes.enrolled("A")
    done = homes.centre.tried("enrol-code", "--device", f"{homes.folder.name}-A")
    assert done.returncode == 0
    assert "is at work at SITE-1: whoever enrols by this code takes its place" in done.stderr


@pytest.mark.parametrize("url", ["centre:8700", "http://centre.example:8700", "https://"])
def test_no_code_is_drawn_that_no_handheld_can_take(homes: Homes, url: str) -> None:
    done = homes.centre.tried("enrol-code", "--device", "X", "--url", url)
    assert done.returncode == 2
    assert "write https://HOST[:PORT]" in done.stderr
