// purpose: The components of the server with their versions; "Neo4j Kernel" is the database itself.
// columns: name, version, edition
CALL dbms.components() YIELD name, versions, edition
RETURN name, versions[0] AS version, edition
