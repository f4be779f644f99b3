"""All that touches Neo4j."""
