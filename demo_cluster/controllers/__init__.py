"""Controllers: each looks at a change and brings the cluster a step nearer to what is wanted."""
