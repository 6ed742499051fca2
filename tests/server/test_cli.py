"""`scanner-server`: each command, by itself and while a centre runs."""

from __future__ import annotations

import json
import os
import signal
import ssl
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema
import pytest

from scanner_app.demo.opening import opening_entries
from scanner_app.demo.site import load_demo
from scanner_app.domain.entry import EntryKind, encode_entry
from scanner_app.domain.refusals import Accepted
from server.cli.main import main
from server.database import open_writer
from sync import wire
from tests.server.certificates import make_certificate
from tests.server.handhelds import START_MS, Handheld

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTRACT = Path(__file__).resolve().parent.parent.parent / "docs" / "contract"
TODAY = "2026-11-22"
RECALLED = "09521003000114"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A home with the demonstration site."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SCANNER_SERVER_HOME", str(folder))
    assert main(["init", "--demo", "--now", TODAY, "--time-zone", "America/New_York"]) == 0
    capsys.readouterr()
    return folder


@pytest.fixture
def serving(home: Path) -> Iterator[str]:
    """The address of a centre that runs in a process of its own."""
    assert home.exists()
    centre = subprocess.Popen(
        [sys.executable, "-m", "server", "serve", "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert centre.stdout is not None
    yield centre.stdout.readline().rstrip("\n")
    centre.send_signal(signal.SIGTERM)
    _, said = centre.communicate(timeout=30)
    assert centre.returncode == 0, said
    assert "token" not in said.lower()


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command prints on standard output."""
    capsys.readouterr()
    found = main(list(arguments))
    captured = capsys.readouterr()
    assert found == code, captured.err
    return captured.out


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(capsys, *arguments, "--json").split("\n") if line]


def fits(line: dict[str, Any], name: str) -> bool:
    """Whether a line has the form of the contract."""
    schema = json.loads((CONTRACT / f"{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(line)
    return True


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> str:
    capsys.readouterr()
    try:
        found = main(list(arguments))
    except SystemExit as end:
        found = int(str(end.code))
    captured = capsys.readouterr()
    assert found == code, captured.err
    return captured.err


def test_the_demonstration_is_the_same_bytes_everywhere(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = open_writer(home / "centre.db")
    kept = [row[0] for row in database.session.all("SELECT bytes FROM entry ORDER BY n")]
    database.close()
    wanted = [encode_entry(entry) for entry in opening_entries(load_demo(date(2026, 11, 22)))]
    assert kept[-len(wanted) :] == wanted
    assert len({entry.event_id for entry in opening_entries(load_demo(date(2026, 11, 22)))}) == len(wanted)
    assert json.loads(run(capsys, "verify"))["ok"]


def test_what_is_made_is_its_owners_alone(home: Path) -> None:
    for path in (home, home / "keys", home / "keys" / "centre.key", home / "centre.db"):
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


def test_a_second_site_and_one_that_is_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert home.exists()
    run(capsys, "init", "--site", "BGO", "--name", "Bergen", "--time-zone", "Europe/Oslo")
    assert "BGO is there already" in said(capsys, "init", "--site", "BGO", code=2)
    assert "Name --site: BGO, SITE-1" in said(capsys, "enrol-code", "--device", "A", code=2)
    run(capsys, "enrol-code", "--device", "A", "--site", "BGO")
    run(capsys, "migrate")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["init", "--now", "yesterday", "--site", "X"], 2, "no date"),
        (["init", "--time-zone", "Nowhere", "--site", "X"], 2, "no known time zone"),
        (["init", "--site", "\x1b"], 2, "printable"),
        (["enrol-code", "--device", "centre:X"], 2, "not beginning with centre:"),
        (["enrol-code"], 2, "--device"),
        (["device", "revoke"], 2, "name the device"),
        (["device", "revoke", "nobody"], 1, "no device nobody"),
        (["import", "items", "/nowhere"], 2, "cannot be read"),
        (["import", "documents", "/nowhere", "--partial"], 2, "whole or not at all"),
        (["recall", "--gtin", "1", "--lot", "L", "--by", "USR-1004", "--reason", "x"], 2, "GTIN"),
        (["recall", "--gtin", RECALLED, "--by", "USR-1004", "--reason", "x"], 2, "--lot or --serials"),
        (["recall", "--gtin", RECALLED, "--lot", "L", "--by", "USR-1004"], 2, "--reason"),
        (["recall", "--gtin", RECALLED, "--lot", "L", "--by", "USR-1001", "--reason", "x"], 2, "supervisor"),
        (["recall", "--gtin", RECALLED, "--lot", "L", "--by", "USR-9", "--reason", "x"], 2, "no active operator"),
        (["recall", "--gtin", RECALLED, "--lot", "L", "--by", "USR-1004.wrong", "--reason", "x"], 2, "wrong badge"),
        (["recall", "--gtin", RECALLED, "--serials", "/nowhere", "--by", "USR-1004", "--reason", "x"], 2, "--serials"),
        (["exceptions", "resolve"], 2, "ID, --how, --by, --reason"),
        (["exceptions", "resolve", "X", "--how", "h", "--by", "USR-1004", "--reason", "r"], 1, "no exception X"),
        (["counts", "approve"], 2, "name ID, --by"),
        (["counts", "reject", "C1", "--by", "USR-1004", "--loss"], 2, "goes with approve"),
        (["counts", "approve", "C1", "--by", "USR-1004"], 1, "no count C1"),
        (["lease", "sscc"], 2, "name DEVICE"),
        (["lease", "list", "A"], 2, "name nothing more"),
        (["lease", "sscc", "A", "--count", "0"], 2, "1 to 10000"),
        (["lease", "task", "T", "A", "--until", "tomorrow"], 2, "with its offset"),
        (["lease", "task", "T", "A", "--until", "2026-11-27T18:00:00"], 2, "with its offset"),
        (["lease", "prefix", "12"], 2, "BAD_PREFIX"),
        (["report", "trace"], 2, "Name --gtin"),
        (["report", "trace", "--gtin", "1", "--lot", "L"], 2, "--gtin"),
        (["report", "trace", "--sscc", "1"], 2, "--sscc"),
        (["report", "trace", "--gtin", RECALLED, "--lot", "nothing"], 1, "nothing is known"),
        (["report", "on-hand", "--site", "X"], 2, "no site X"),
        (["serve", "--database", "postgresql://x"], 2, "PostgreSQL"),
        (["serve", "--database", "sqlite:///"], 2, "sqlite:///path"),
        (["serve", "--listen", "8700"], 2, "HOST:PORT"),
        (["serve", "--listen", "256.0.0.1:1"], 3, "NOT_LISTENING"),
        (["serve", "--certificate", "x"], 2, "go together"),
        (["verify", "--database", "sqlite:///nowhere.db"], 3, "NO_DATABASE"),
        (["restore", "/nowhere"], 3, "BAD_BACKUP"),
        (["nothing"], 2, "invalid choice"),
        ([], 2, "usage"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert home.exists()
    assert words in said(capsys, *arguments, code=code)


ITEM_ROWS = "gtin,name,strength,storage_class\n09521002000214,Tresopan,75 mg,ambient\n"
BAD_ROW = "123,Wrong,1,ambient\n"


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_files_are_imported_whole_or_by_their_good_rows(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, mixed = written(tmp_path, "good.csv", ITEM_ROWS), written(tmp_path, "mixed.csv", ITEM_ROWS + BAD_ROW)
    assert "checked" in said(capsys, "import", "items", good, "--dry-run", code=0)
    assert "1 bad row; nothing was imported" in said(capsys, "import", "items", mixed, code=1)
    assert "1 items imported; 1 bad row left out" in said(capsys, "import", "items", mixed, "--partial", code=0)
    assert "1 items imported" in said(capsys, "import", "items", good, code=0)
    operators = written(tmp_path, "o.csv", "id,name,role,token,pin\nUSR-2,Bo,supervisor,abcdefgh12345678,1234\n")
    assert "1 operators imported" in said(capsys, "import", "operators", operators, code=0)
    policy = written(tmp_path, "p.json", json.dumps([{"name": "active_days", "value": 7}]))
    assert "1 policy imported" in said(capsys, "import", "policy", policy, code=0)
    wrong = written(tmp_path, "w.csv", "name,value\nnothing,1\nactive_days,x\n")
    told = said(capsys, "import", "policy", wrong, code=1)
    assert "none of active_days" in told
    assert "2 bad rows" in told
    watches = written(tmp_path, "v.csv", f"id,kind,gtin,lot,serial,reason\nR-9,recall,{RECALLED},L1,,x\n")
    assert "1 watches imported" in said(capsys, "import", "watches", watches, code=0)
    document = {"id": "ASN-9", "kind": "asn", "partner": "M", "lines": [{"gtin": RECALLED, "quantity": 4}]}
    documents = written(tmp_path, "d.json", json.dumps(document))
    assert "1 documents imported" in said(capsys, "import", "documents", documents, code=0)
    assert "is there already" in said(capsys, "import", "documents", documents, code=1)
    unknown = json.dumps({**document, "id": "ASN-8", "lines": [{"gtin": "09521009000019", "quantity": 4}]})
    assert "import items first" in said(capsys, "import", "documents", written(tmp_path, "u.json", unknown), code=1)
    level = json.dumps({**document, "id": "ASN-7", "lines": [{"gtin": "19521001000113", "quantity": 4}]})
    said(capsys, "import", "documents", written(tmp_path, "l.json", level), code=0)
    assert "is no JSON" in said(capsys, "import", "documents", written(tmp_path, "x.json", "[{"), code=1)
    assert "nothing was imported" in said(capsys, "import", "documents", written(tmp_path, "y.json", "[1]"), code=1)
    assert "holds no policy" in said(capsys, "import", "policy", written(tmp_path, "e.csv", "name,value\n"), code=1)
    assert json.loads(run(capsys, "verify"))["ok"]
    assert home.exists()


def test_reports_have_the_forms_of_the_contract(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert home.exists()
    found = lines(capsys, "report", "on-hand")
    assert {line["site"] for line in found} == {"SITE-1"}
    assert all(fits(line, "stock-line") for line in found)
    of_one = lines(capsys, "report", "on-hand", "--gtin", "9521001000116")
    assert {line["gtin"] for line in of_one} == {"09521001000116"}
    (trace,) = lines(capsys, "report", "trace", "--gtin", "09521001000116", "--serial", "7J3K2888055")
    assert fits(trace, "trace-line")
    assert (trace["kind"], trace["device"], trace["to"]) == ("opening_balance", "DEMO", "A-01-1")
    assert lines(capsys, "report", "trace", "--gtin", "19521001000113", "--lot", "A12A")
    assert lines(capsys, "report", "trace", "--sscc", "095210010000040013") == []
    assert lines(capsys, "report", "exceptions") == []
    assert "A-01-1" in run(capsys, "report", "on-hand")
    assert "opening_balance" in run(capsys, "report", "trace", "--gtin", "09521001000116", "--serial", "7J3K2888055")


def test_a_recall_by_lot_and_by_serials(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home.exists()
    supervisor = load_demo(date(2026, 11, 22)).operator("USR-1004")
    monkeypatch.setenv("SCANNER_PIN", supervisor.pin)
    by = ("--by", supervisor.badge, "--reason", "dissolution")
    (told,) = lines(capsys, "recall", "--gtin", "09521001000116", "--lot", "A11Z", *by)
    assert told["lines"] == 1
    serials = written(tmp_path, "serials.txt", "7J3K5531019\n7J3K2275147\n")
    assert len(run(capsys, "recall", "--gtin", "09521001000116", "--serials", serials, *by).rstrip("\n")) == 36
    recalled = {line["lot"] for line in lines(capsys, "report", "on-hand") if line["recalled"]}
    assert {"A11Z", "A12A"} <= recalled
    monkeypatch.setenv("SCANNER_PIN", "0000")
    assert "wrong badge or PIN" in said(capsys, "recall", "--gtin", "09521001000116", "--lot", "A11Z", *by, code=2)


def test_doctor_names_what_is_wrong(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert all(line["ok"] and not line["remedy"] for line in lines(capsys, "doctor"))
    (home / "keys" / "centre.key").chmod(0o644)
    home.chmod(0o755)
    found = {
        json.loads(line)["name"]: json.loads(line)
        for line in run(capsys, "doctor", "--json", code=1).split("\n")
        if line
    }
    assert (found["key"]["remedy"], found["folder"]["remedy"]) == ("chmod 600", "chmod 700")
    (home / "keys" / "centre.key").write_bytes(b"short")
    assert "holds no key" in run(capsys, "doctor", code=1)
    (home / "keys" / "centre.key").unlink()
    assert "NO_KEY" in said(capsys, "migrate", code=3)
    assert "is not there" in run(capsys, "doctor", code=1)


def test_doctor_without_a_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCANNER_SERVER_HOME", str(tmp_path / "none"))
    assert "scanner-server init" in run(capsys, "doctor", code=1)


def test_backup_and_restore(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy.db"
    assert "chains of which more is safe now: " in said(capsys, "backup", str(copy), code=0)
    assert "is the former one" in said(capsys, "restore", str(copy), code=0)
    assert json.loads(run(capsys, "verify"))["ok"]
    assert home.exists()


# --- while a centre runs ---------------------------------------------------------------------------------------------


def test_commands_write_through_the_centre_that_runs(
    serving: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(capsys, "enrol-code", "--device", "A").rstrip("\n")
    (told,) = lines(capsys, "enrol-code", "--device", "B")
    assert {"code", "device", "site", "until"} <= set(told)
    device = Handheld("A", "SITE-1")
    device.receive("7J3K2888055")
    with httpx.Client(base_url=serving) as http:
        asked = wire.EnrolRequest(1, code, device.identity.public_key, "0.1")
        token = http.post("/v1/enrol", content=wire.write(asked)).json()["token"]
        headers = {"authorization": f"Bearer {token}"}
        answer = http.post("/v1/push", content=wire.write(device.push()), headers=headers).json()
        assert [flag["code"] for flag in answer["flags"]][:1] == ["DUP_SERIAL"]
        assert [line["device"] for line in lines(capsys, "device", "list")] == ["A"]
        assert "active" in run(capsys, "device", "list")

        (line,) = [line for line in lines(capsys, "exceptions") if line["code"] == "DUP_SERIAL"]
        assert fits(line, "exception-line")
        assert "7J3K2888055" in run(capsys, "report", "exceptions")
        decided = ("--how", "counterfeit", "--by", "USR-1004", "--reason", "second pack")
        said(capsys, "exceptions", "resolve", line["id"], *decided, code=0)
        assert "no exception" in said(capsys, "exceptions", "resolve", line["id"], *decided, code=1)
        assert all(fits(each, "exception-line") for each in lines(capsys, "exceptions", "--all"))
        assert line["id"] in {each["id"] for each in lines(capsys, "exceptions", "--all")}
        assert "supervisor" in said(
            capsys, "exceptions", "resolve", line["id"], "--how", "x", "--by", "USR-1001", "--reason", "y", code=2
        )
        said(capsys, "import", "items", written(tmp_path, "i.csv", ITEM_ROWS), code=0)
        said(capsys, "backup", str(tmp_path / "copy.db"), code=0)
        heads = http.get("/v1/heads", headers=headers).json()
        assert heads["epochs"][0]["safe_seq"] == 1
        assert "lost" in said(capsys, "device", "lost", "A", code=0)
        assert http.get("/v1/heads", headers=headers).json()["code"] == "LOST"
    assert json.loads(run(capsys, "verify"))["ok"]
    assert "IN_USE" in said(capsys, "restore", str(tmp_path / "copy.db"), code=3)
    assert "IN_USE" in said(capsys, "serve", "--listen", "127.0.0.1:0", code=3)


def test_counts_are_decided_through_the_centre_that_runs(
    serving: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Handheld("A", "SITE-1")
    code = run(capsys, "enrol-code", "--device", "A").rstrip("\n")
    for count in ("C1", "C2"):
        for kind, at_ms in ((EntryKind.COUNT_OPENED, START_MS), (EntryKind.COUNT_CLOSED, START_MS + 1)):
            seen = Accepted(parameters={"place": f"NEW-{count}"})
            device.write(device.entry(kind=kind, count=count, at_ms=at_ms, verdict=seen))
            if kind is EntryKind.COUNT_OPENED:
                seen = Accepted(parameters={"place": f"NEW-{count}", "gtin": RECALLED, "lot": "L", "quantity": 7})
                device.write(device.entry(kind=EntryKind.COUNTED, count=count, at_ms=START_MS, verdict=seen))
    with httpx.Client(base_url=serving) as http:
        asked = wire.EnrolRequest(1, code, device.identity.public_key, "0.1")
        token = http.post("/v1/enrol", content=wire.write(asked)).json()["token"]
        http.post("/v1/push", content=wire.write(device.push()), headers={"authorization": f"Bearer {token}"})

    waiting = lines(capsys, "counts")
    assert [(line["id"], line["place"], line["state"]) for line in waiting] == [
        ("C1", "NEW-C1", "variance"), ("C2", "NEW-C2", "variance"),
    ]  # fmt: skip
    assert all(fits(line, "count-line") for line in waiting)
    assert "NEW-C2" in run(capsys, "counts", "list")
    supervisor = load_demo(date(2026, 11, 22)).operator("USR-1004")
    by = ("--by", supervisor.badge, "--reason", "looked")
    monkeypatch.setenv("SCANNER_PIN", "0000")
    assert "wrong badge or PIN" in said(capsys, "counts", "approve", "C1", *by, code=2)
    monkeypatch.setenv("SCANNER_PIN", supervisor.pin)
    (told,) = lines(capsys, "counts", "approve", "C1", *by)
    assert (told["id"], told["site"], told["state"], told["done"]) == ("C1", "SITE-1", "approved", True)
    assert "C1 is approved: it is decided" in said(capsys, "counts", "approve", "C1", *by, code=1)
    assert "nothing to write off" in said(capsys, "counts", "approve", "C1", "--loss", *by, code=1)
    assert "C2 is rejected." in said(capsys, "counts", "reject", "C2", *by, code=0)
    assert lines(capsys, "counts") == lines(capsys, "report", "counts") == []
    decided = lines(capsys, "counts", "--all")
    assert all(fits(line, "count-line") for line in decided)
    assert {line["state"] for line in decided} == {"approved", "rejected"}
    found = lines(capsys, "report", "on-hand", "--gtin", RECALLED)
    assert [line["quantity"] for line in found if line["location"] == "NEW-C1"] == [7]
    assert json.loads(run(capsys, "verify"))["ok"]


def test_leases_are_granted_listed_and_ended(serving: str, capsys: pytest.CaptureFixture[str]) -> None:
    device = Handheld("A", "SITE-1")
    code = run(capsys, "enrol-code", "--device", "A").rstrip("\n")
    assert "sent nothing" in said(capsys, "lease", "sscc", "A", code=2)
    device.receive("S-1")
    with httpx.Client(base_url=serving) as http:
        asked = wire.EnrolRequest(1, code, device.identity.public_key, "0.1")
        token = http.post("/v1/enrol", content=wire.write(asked)).json()["token"]
        http.post("/v1/push", content=wire.write(device.push()), headers={"authorization": f"Bearer {token}"})
    assert "no prefix is set" in said(capsys, "lease", "sscc", "A", code=1)
    said(capsys, "lease", "prefix", "0399999", code=0)
    lease = run(capsys, "lease", "sscc", "A", "--count", "7").rstrip("\n")
    (told,) = lines(capsys, "lease", "task", "T-1", "A", "--until", "2099-01-01T00:00:00+01:00")
    assert told["done"]
    found = {line["kind"]: line for line in lines(capsys, "lease", "list")}
    assert found["sscc"]["id"] == lease
    assert (found["sscc"]["first"], found["sscc"]["last"], found["sscc"]["left"]) == (1, 7, 7)
    assert (found["task"]["subject"], found["task"]["until"]) == ("T-1", "2098-12-31T23:00:00+00:00")
    assert "0399999" in run(capsys, "lease", "list")
    assert lines(capsys, "report", "leases") == lines(capsys, "lease", "list")
    said(capsys, "lease", "end", lease, code=0)
    assert "no such lease" in said(capsys, "lease", "end", lease, code=1)
    assert {line["ended"] for line in lines(capsys, "lease", "list", "--all")} == {None, "WITHDRAWN"}
    assert json.loads(run(capsys, "verify"))["ok"]


def test_a_database_that_is_held_by_something_else_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = open_writer(home / "centre.db")
    assert "NOT_REACHED" in said(capsys, "enrol-code", "--device", "A", code=3)
    database.close()


def test_without_a_certificate_only_this_machine_is_silent(home: Path) -> None:
    centre = subprocess.Popen(
        [sys.executable, "-m", "server", "serve", "--listen", "0.0.0.0:0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert centre.stdout is not None
    assert centre.stdout.readline().startswith("http://0.0.0.0:")
    centre.send_signal(signal.SIGINT)
    _, told = centre.communicate(timeout=30)
    assert centre.returncode == 0
    assert "put a proxy with TLS before it" in told
    assert home.exists()


def test_tls_by_files(home: Path, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    centre = subprocess.Popen(
        [
            sys.executable, "-m", "server", "serve", "--listen", "127.0.0.1:0", "--certificate", str(certificate),
            "--key", str(key),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert centre.stdout is not None
    url = centre.stdout.readline().rstrip("\n")
    assert url.startswith("https://")
    context = ssl.create_default_context(cafile=str(certificate))
    assert httpx.get(f"{url}/v1/health", verify=context).json() == {"status": "up"}
    os.kill(centre.pid, signal.SIGTERM)
    centre.communicate(timeout=30)
    assert home.exists()
