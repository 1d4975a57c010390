"""Tests on a container engine, run by `make test-containers` and never collected by `make test`."""
