"""A real centre for tests of the handheld: a process of its own on a port of this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STARTS_WITHIN_S = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@dataclass
class RunningCentre:
    """`scanner-server` with a home of its own; its port stays the same over stops and starts."""

    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None
    certificate: tuple[Path, Path] | None = None
    """The files of its certificate and key: then it speaks TLS."""

    @property
    def url(self) -> str:
        return f"{'http' if self.certificate is None else 'https'}://127.0.0.1:{self.port}"

    def command(self, *arguments: str, told: str | None = None) -> str:
        """What a command prints; it must do what it is told."""
        done = self.tried(*arguments, told=told)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout.strip()

    def tried(self, *arguments: str, told: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "server", *arguments], env=self._environment(), input=told, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        given = {**os.environ, "SCANNER_SERVER_HOME": str(self.home)}
        if self.certificate is not None:
            certificate, key = self.certificate
            given |= {"SCANNER_SERVER_CERTIFICATE": str(certificate), "SCANNER_SERVER_KEY": str(key)}
        return given

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve", "--listen", f"127.0.0.1:{self.port}"], env=self._environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == self.url

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(how)
            process.wait(STARTS_WITHIN_S)
            assert process.stdout is not None
            process.stdout.close()

    def code(self, device: str) -> str:
        return self.command("enrol-code", "--device", device)
