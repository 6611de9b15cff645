"""A client of the protocol on trio-websocket."""
