"""Arrays in, edges out; knows no Neo4j, but for `retrain`."""
