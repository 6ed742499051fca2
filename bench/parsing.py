"""Understanding a pharma element string, against biip."""

from __future__ import annotations

import random
from datetime import date

from bench.figures import Bound, Figure, quantile, sample_of_ns
from bench.timing import interleaved
from scanner_app.demo.labels import unit_scan
from scanner_app.demo.site import load_demo
from scanner_app.domain.scan import LabelPrefixes, ParsedScan, parse_scan

TODAY = date(2026, 11, 22)
SCANS = 500
ROUNDS = 60
ROUNDS_QUICK = 12
GOAL_TIMES = 10.0
SERIAL_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefhk"


def pharma_scans(count: int, seed: int = 952) -> list[str]:
    """DataMatrix scans of invented packs: every item of the demonstration site, invented lots, expiries and serials."""
    source = random.Random(seed)
    gtins = [item.gtin for item in load_demo(TODAY).items]
    return [
        unit_scan(
            source.choice(gtins),
            _text(source, source.randint(3, 9)),
            TODAY.replace(year=TODAY.year + source.randint(1, 4), day=source.randint(1, 28)),
            _text(source, source.randint(8, 20)),
        )
        for _ in range(count)
    ]


def _text(source: random.Random, length: int) -> str:
    return "".join(source.choices(SERIAL_ALPHABET, k=length))


def measure_parsing(*, quick: bool) -> list[Figure]:
    """How many times as fast as biip, by the median over rounds of 500 scans."""
    import biip  # noqa: PLC0415 - the rival; only here

    scans = pharma_scans(SCANS)
    labels = LabelPrefixes()

    def ours(_: int) -> None:
        for scan in scans:
            assert isinstance(parse_scan(scan, TODAY, labels), ParsedScan)

    def theirs(_: int) -> None:
        for scan in scans:
            assert biip.parse(scan).gs1_message is not None

    durations = interleaved({"ours": ours, "biip": theirs}, ROUNDS_QUICK if quick else ROUNDS, warm_up=2)
    per_scan = {name: [duration // SCANS for duration in each] for name, each in durations.items()}
    return [
        Figure(
            "parse, biip's time over ours",
            quantile(per_scan["biip"], 0.5) / quantile(per_scan["ours"], 0.5),
            "×",
            GOAL_TIMES,
            Bound.AT_LEAST,
            (sample_of_ns("ours, ms a scan", per_scan["ours"]), sample_of_ns("biip, ms a scan", per_scan["biip"])),
        )
    ]
