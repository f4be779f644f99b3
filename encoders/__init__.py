"""Texts in, vectors out; knows no Neo4j."""
