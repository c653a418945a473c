"""The version of kube-tui, written down: asking the installation takes too long."""

VERSION = "0.1.0"
