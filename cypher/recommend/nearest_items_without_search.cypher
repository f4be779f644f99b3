// purpose: The nearest items on servers older than SEARCH, whose vector indexes cannot filter by domain and
//   version: an exact search over all items of the domain.
// parameters: domain STRING; vector LIST of floats; version INTEGER; k INTEGER number of items
// columns: key, similarity
MATCH (i:Item {domain: $domain})-[:ENCODED_AS]->(v:ItemVector {version: $version})
WITH i.key AS key, vector.similarity.cosine(v.vector, $vector) AS similarity
ORDER BY similarity DESC, key LIMIT $k
RETURN key, similarity
