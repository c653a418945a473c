"""What a node does: starts, probes, restarts and ends the containers of its pods, and says so."""
