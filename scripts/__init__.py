"""The click commands, one file each, no logic."""
