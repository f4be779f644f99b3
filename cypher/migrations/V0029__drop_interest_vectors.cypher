// purpose: No statement searches interests by their embedding: readers hold them all in memory.
DROP INDEX interest_vectors IF EXISTS
