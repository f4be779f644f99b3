// purpose: Remove interests of an encoder version that nothing is about any more, with what users had in them.
// parameters: version INTEGER
MATCH (n:Interest {version: $version})
WHERE NOT EXISTS { (n)<-[:ABOUT]-() }
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10 ROWS
