"""Workflows that combine the graph, the training and the encoders."""
