"""What can go wrong, by whose mistake it is."""


class SfuError(Exception):
    """Base of everything that `videocall.sfu` raises."""


class InvalidArgumentError(SfuError, ValueError):
    """The caller's mistake: an argument that cannot be right.

    Attributes:
        argument: the path of the argument, for instance ``rtpParameters.codecs[0].payloadType``.
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"{argument}: {problem}")
        self.argument = argument


class UnsupportedError(SfuError):
    """The request makes sense, but the codecs or features of both sides do not meet."""


class NotFoundError(SfuError):
    """No object has the given id in this router or worker."""


class ConflictError(SfuError):
    """The request contradicts what was done before, such as connecting a transport twice."""


class ClosedError(SfuError):
    """The object is closed."""


class WorkerDiedError(SfuError):
    """The media worker ended unasked; everything on it is closed with reason ``error``."""


class AddressInUseError(SfuError):
    """Another process, or another worker, has the address; the message names it."""
