"""What every part of isthmus stands on: errors, settings, progress, logging."""

__version__ = "0.1.0"
