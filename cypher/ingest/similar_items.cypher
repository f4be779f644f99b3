// purpose: Ids in a domain that begin like an id that does not exist.
// parameters: domain STRING; prefix STRING; most INTEGER
// columns: item_id
MATCH (i:Item)
WHERE i.item_id STARTS WITH $prefix AND i.domain = $domain
RETURN i.item_id AS item_id
ORDER BY item_id
LIMIT $most
