// purpose: The same on servers older than the SEARCH clause.
DROP INDEX item_vectors_cypher_5 IF EXISTS
