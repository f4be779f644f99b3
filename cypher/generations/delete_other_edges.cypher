// purpose: Delete the edges of a generation that leave interests and domains, in small transactions.
// parameters: number INTEGER
MATCH (n:Interest|Domain)
CALL (n) {
  MATCH (n)-[e:TRANSFERS_TO]->()
  WHERE e.generation = $number
  DELETE e
} IN TRANSACTIONS OF 100 ROWS
