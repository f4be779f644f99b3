// purpose: Items with the same title as another item of their domain, ignoring case.
// columns: found, among, above, examples
MATCH (i:Item)
WHERE i.title <> ''
WITH i.domain AS domain, toLower(i.title) AS title, count(*) AS items, min(i.key) AS first, max(i.key) AS last
WHERE items > 1
WITH * ORDER BY items DESC, first
WITH sum(items - 1) AS found, collect(first + ' and ' + last + ', "' + left(title, 60) + '"')[..3] AS examples
RETURN found, COUNT { (:Item) } AS among, null AS above, examples
