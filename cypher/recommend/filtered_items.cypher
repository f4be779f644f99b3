// purpose: The items of a domain that a filter leaves.
// parameters: domain STRING; most INTEGER maximum number of items
// columns: key
MATCH (j:Item {domain: $domain}) /* USING INDEX */
WHERE j.popularity >= 0 /* AND filter */
RETURN j.key AS key LIMIT $most
