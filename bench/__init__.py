"""Benchmarks: each figure is a ratio to a limit that is measured in the same run, on the same disk and processor.

`python -m bench` prints the table and writes bench/results.json; `--quick` takes fewer rounds. The exit code is 0
whether goals are met or missed: a missed goal is a finding, not a fault.
"""

from __future__ import annotations
