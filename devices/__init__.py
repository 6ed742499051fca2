"""Scanners as a library that stands alone: bytes or keys from a device come in, `RawScan`s go out.

Nothing here judges a scan, stores it or shows it. The package imports nothing of the product beside it; pyserial is
imported only inside the functions that open or list ports, so that importing `devices.scan` costs next to nothing.
"""
