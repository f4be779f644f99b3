// purpose: Delete the edges of a generation in small transactions.
// parameters: number INTEGER
MATCH (n:Item|Interest)
CALL (n) {
  MATCH (n)-[e:TRANSFERS_TO|CO_LIKED {generation: $number}]->()
  DELETE e
} IN TRANSACTIONS OF 500 ROWS
