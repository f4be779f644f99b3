// purpose: Drop an index.
// parameters: name STRING, of the index
DROP INDEX $name IF EXISTS
