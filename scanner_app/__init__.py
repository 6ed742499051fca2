"""Scanner: durable, offline-first scanning and perpetual stock for pharmaceutical warehouses, in a terminal."""
