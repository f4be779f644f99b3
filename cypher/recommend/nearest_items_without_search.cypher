// purpose: The items of a domain whose embedding is nearest to a vector, on servers older than SEARCH:
//   all domains' nearest first, so a small domain may come short.
// parameters: domain STRING; vector LIST of floats; k INTEGER how many
// columns: key, similarity
CALL db.index.vector.queryNodes('item_vectors_cypher_5', 20 * $k, $vector) YIELD node AS i, score AS similarity
WHERE i.domain = $domain
RETURN i.key AS key, similarity LIMIT $k
