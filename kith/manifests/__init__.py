"""Whether rendered Kubernetes manifests hold together: what kubectl and an API server would not tell."""
