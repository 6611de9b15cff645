"""What stands behind the Makefile: building, installing, running and testing, on the standard library alone."""
