"""Text encoders, topics and encoder training; independent of Neo4j."""
