// purpose: The items of a domain whose embedding is nearest to a vector.
// parameters: domain STRING; vector LIST of floats; k INTEGER how many
// columns: key, similarity
CYPHER 25
MATCH (i:Item)
  SEARCH i IN (VECTOR INDEX item_vectors FOR $vector WHERE i.domain = $domain LIMIT $k) SCORE AS similarity
RETURN i.key AS key, similarity
