"""Values: what every other room is made of."""

__all__: list[str] = []
