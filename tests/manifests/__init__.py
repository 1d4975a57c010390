"""The Kubernetes manifests: rendered, validated offline, and the checker that must see what is broken."""
