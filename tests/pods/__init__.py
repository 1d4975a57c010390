"""Pods of the county overlay, started by podman from the YAML that Kubernetes gets."""
