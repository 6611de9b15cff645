"""What negotiation can refuse."""


class OrtcError(Exception):
    """Base of what `videocall.ortc` raises."""


class UnsupportedError(OrtcError):
    """Well-formed parameters that no codec of the other side can meet."""


class InvalidParameterError(OrtcError, ValueError):
    """Parameters that contradict themselves, or lie outside what RTP allows.

    Attributes:
        argument: the path of the offending field, for instance ``rtpParameters.codecs[0].payloadType``.
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"{argument}: {problem}")
        self.argument = argument
        self.problem = problem
