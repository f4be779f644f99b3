"""Learns and evaluates edges from arrays; does not know Neo4j."""
