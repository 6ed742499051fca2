"""What is true whatever the device, database or screen: pure values and rules, without I/O, clock or randomness."""
