// purpose: Remove interests of an encoder version that nothing is about any more, with what users had in
//   them; families stay while something is part of them.
// parameters: version INTEGER
MATCH (n:Interest {version: $version})
WHERE NOT EXISTS { (n)<-[:ABOUT]-() } AND NOT EXISTS { (n)<-[:PART_OF]-() }
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10 ROWS
