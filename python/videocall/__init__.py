"""Video meetings in one command, and the SFU behind them as a library on Trio.

``videocall.sfu`` is the library; ``videocall.server`` and ``videocall.cli`` make the product out of it.
Importing this package imports neither, so that ``videocall --version`` stays quick.
"""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("videocall")
except PackageNotFoundError:  # a checkout on PYTHONPATH that was never installed
    __version__ = "0+unknown"
