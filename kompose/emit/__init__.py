"""Objects to text: YAML, JSON, files and charts. Knows no compose and no Kubernetes kind."""
