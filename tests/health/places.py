"""Where the status document may lie, and containers in which some of these can be written."""

PLACES = ("/run", "/dev/shm", "/tmp")


def mounts(*writable):
    """Setup for a container: every place is read-only, but these."""
    options = {place: "rw" if place in writable else "ro" for place in PLACES}
    return "\n".join(f"mount -t tmpfs -o mode=1777,{option} places {place}" for place, option in options.items())
