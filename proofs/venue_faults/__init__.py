"""`make faults SUITE=execution`: each fault of the exchange, with a worker killed at each crash point."""
