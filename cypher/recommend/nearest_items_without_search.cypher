// purpose: The same on servers older than SEARCH, whose vector indexes cannot tell domains and versions
//   apart: exact, item by item.
// parameters: domain STRING; vector LIST of floats; version INTEGER; k INTEGER how many
// columns: key, similarity
MATCH (i:Item {domain: $domain})-[:ENCODED_AS]->(v:ItemVector {version: $version})
WITH i.key AS key, vector.similarity.cosine(v.vector, $vector) AS similarity
ORDER BY similarity DESC, key LIMIT $k
RETURN key, similarity
