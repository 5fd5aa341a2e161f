"""Published tables and figures, each recomputed by one command and set beside the published one."""
