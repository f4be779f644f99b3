// purpose: Items with the same title as another item of their domain, ignoring case.
// cost: scan
// columns:
//   found number of findings
//   among number of those that were looked at
//   above limit above which something is a finding, or null
//   examples three findings, the most extreme first where they have an order
MATCH (i:Item)
WHERE i.title <> ''
WITH i.domain AS domain, toLower(i.title) AS title, count(*) AS items, min(i.key) AS first, max(i.key) AS last
WHERE items > 1
WITH * ORDER BY items DESC, first
WITH sum(items - 1) AS found, collect(first + ' and ' + last + ', "' + left(title, 60) + '"')[..3] AS examples
RETURN found, COUNT { (:Item) } AS among, null AS above, examples
