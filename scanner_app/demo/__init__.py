"""The demonstration site: invented goods, places, people and deliveries, with fixed ids, for any given day.

Every name is invented; every key bears the GS1 prefix for demonstrations, 952. Tables are CSV beside this file; expiry
dates stand in them as days from today, so that a lot that is near its expiry is so on whatever day it is shown.
"""

from __future__ import annotations
