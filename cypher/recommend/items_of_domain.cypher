// purpose: The items of a domain, at most 1,001 of them.
// parameters: domain STRING
// columns: item_id
MATCH (i:Item {domain: $domain})
RETURN i.item_id AS item_id ORDER BY i.key LIMIT 1001
