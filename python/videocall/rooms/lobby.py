"""Who waits to be let in."""

from attrs import frozen

from videocall.protocol import shapes

__all__ = ["Knock"]


@frozen
class Knock:
    """Somebody in the lobby."""

    id: str
    display_name: str
    identity: str | None

    def wire(self) -> shapes.Knock:
        """As hosts see it."""
        return shapes.Knock(self.id, self.display_name)
