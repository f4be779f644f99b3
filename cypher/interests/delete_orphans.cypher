// purpose: Delete interests of an encoder version that have no items, texts and child interests any more, with their
//   INTERESTED_IN relationships, in small transactions.
// parameters: version INTEGER
MATCH (n:Interest {version: $version})
WHERE NOT EXISTS { (n)<-[:ABOUT]-() } AND NOT EXISTS { (n)<-[:PART_OF]-() }
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10 ROWS
