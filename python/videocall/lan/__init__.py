"""HTTPS on a local network: a certificate authority of this machine's own, and how other devices come to trust it.

Browsers give camera and microphone to HTTPS pages only, and nobody issues certificates for 192.168.1.5.
"""

from videocall.lan.authority import Authority, AuthorityError, Names, own_names

__all__ = ["Authority", "AuthorityError", "Names", "own_names"]
