"""The version of demo-cluster, written down: asking the installation takes too long."""

VERSION = "0.1.0"
