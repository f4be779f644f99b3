// purpose: Delete the interests of an encoder version with their relationships, in small transactions.
// parameters: version INTEGER
MATCH (n:Interest {version: $version})
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10 ROWS
