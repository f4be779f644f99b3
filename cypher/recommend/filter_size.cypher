// purpose: The number of items of a domain that a filter leaves.
// parameters: domain STRING
// columns: items
MATCH (j:Item {domain: $domain}) /* USING INDEX */
WHERE j.popularity >= 0 /* AND filter */
RETURN count(j) AS items
