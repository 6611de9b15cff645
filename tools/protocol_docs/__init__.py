"""What is generated from the protocol's message types."""
