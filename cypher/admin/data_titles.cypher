// purpose: Items without a title; those without a text as well have no embedding either.
// cost: scan
// columns:
//   found number of findings
//   among number of those that were looked at
//   above limit above which something is a finding, or null
//   examples three findings, the most extreme first where they have an order
RETURN COUNT { (i:Item) WHERE i.title = '' } AS found, COUNT { (:Item) } AS among, null AS above,
  COLLECT { MATCH (i:Item) WHERE i.title = '' RETURN i.key ORDER BY i.likes DESC, i.key LIMIT 3 } AS examples
