// purpose: The items of a domain with the highest dot product of embedding and vector, computed exactly.
// parameters: domain STRING; vector LIST of floats; n INTEGER number of items
// columns: item_id, title, score
MATCH (e:Encoder {state: 'active'})
MATCH (i:Item {domain: $domain})-[:ENCODED_AS]->(v:ItemVector {version: e.version})
WHERE size(v.vector) = size($vector)
WITH i, reduce(sum = 0.0, k IN range(0, size($vector) - 1) | sum + v.vector[k] * $vector[k]) AS score
ORDER BY score DESC, i.key LIMIT $n
RETURN i.item_id AS item_id, i.title AS title, score
