// purpose: Delete the vectors of an encoder version in small transactions.
// parameters: version INTEGER
MATCH (v:ItemVector|TextVector {version: $version})
CALL (v) { DETACH DELETE v } IN TRANSACTIONS OF 500 ROWS
