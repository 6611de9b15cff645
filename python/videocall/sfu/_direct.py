"""A direct transport: the application itself as a peer."""

from ._data_transport import DataTransport


class DirectTransport(DataTransport):
    """Messages to and from the application, without a network. Made by `Router.create_direct_transport`.

    What its data producers `DataProducer.send` goes to their consumers, and its data consumers emit `Message`.
    """
