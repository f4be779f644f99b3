"""Shared basis of all packages: errors, settings, progress, logging, metrics, scheduling."""

__version__ = "0.1.0"
