// purpose: Remove interests that nothing is about any more, with what users had in them.
MATCH (n:Interest)
WHERE NOT EXISTS { (n)<-[:ABOUT]-() }
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10 ROWS
