"""A year of a process: profiles, chance drawn from a seed, people who do one task at a time (pure)."""

from processes.simulation.drawing import Arrival, arrivals, cast, duration, reply, story
from processes.simulation.profile import Effect, Profile, read_profile
from processes.simulation.staff import Assignment, Desk, Employee, Piece

__all__ = [
    "Arrival",
    "Assignment",
    "Desk",
    "Effect",
    "Employee",
    "Piece",
    "Profile",
    "arrivals",
    "cast",
    "duration",
    "read_profile",
    "reply",
    "story",
]
