// purpose: How many items a domain has.
// parameters: domain STRING
// columns: items
MATCH (i:Item {domain: $domain})
RETURN count(i) AS items
