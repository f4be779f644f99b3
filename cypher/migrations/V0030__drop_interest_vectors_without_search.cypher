// purpose: The same on servers older than the SEARCH clause.
DROP INDEX interest_vectors_cypher_5 IF EXISTS
