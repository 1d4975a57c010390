"""What of this folder is run here: what needs a disk of its own only where one can be; tests/conftest.py tells."""

from tests.crash.power import ON_A_DISK, obstacle

collect_ignore = [] if obstacle() is None else list(ON_A_DISK)
