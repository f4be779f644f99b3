// purpose: Number of items of a domain.
// parameters: domain STRING
// columns: items
MATCH (i:Item {domain: $domain})
RETURN count(i) AS items
