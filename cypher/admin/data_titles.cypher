// purpose: Items without a title; those without a text as well have no embedding either.
// columns: found, among, above, examples
RETURN COUNT { (i:Item) WHERE i.title = '' } AS found, COUNT { (:Item) } AS among, null AS above,
  COLLECT { MATCH (i:Item) WHERE i.title = '' RETURN i.key ORDER BY i.likes DESC, i.key LIMIT 3 } AS examples
