"""What tests of stream tables need: the oracle, random cases, and servers to run them on."""
