"""From model files to finished rounds: settings, the plan of cells, timed rounds in turn, and the assembled result."""
