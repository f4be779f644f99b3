"""Everything that talks to Neo4j: server, connections, ingestion, generations, serving."""
