"""`scanner-server serve`."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from server.authority import authority_of
from server.cli.answers import DONE, say, settings_of
from server.logs import set_up
from server.serve import serve
from server.settings import DEFAULT_LISTEN

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser, _: str) -> None:
    """Where to listen, and TLS."""
    parser.add_argument("--listen", metavar="HOST:PORT", help=f"default {DEFAULT_LISTEN}; port 0 takes any free one")
    parser.add_argument("--certificate", metavar="FILE", help="TLS: the certificate chain, PEM")
    parser.add_argument("--key", metavar="FILE", help="TLS: the private key, PEM")
    parser.add_argument("--authority", metavar="FILE", help="the certificate devices trust; default: top of the chain")


def run(options: argparse.Namespace) -> int:
    """Exit 0 after SIGTERM; 3 where the database or the address cannot be used."""
    settings = settings_of(options)
    set_up()
    if settings.certificate is None and not _is_loopback(settings.host):
        say(f"{settings.host} is not this machine alone and there is no --certificate: put a proxy with TLS before it.")
    authority = authority_of(settings)
    if authority is not None:
        say(f"devices are enrolled with --ca-pin {authority.pin}")
    serve(settings, lambda address: print(address, flush=True))
    return DONE


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
