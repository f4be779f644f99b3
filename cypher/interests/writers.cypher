// purpose: Writers of texts, in pages by id, with the items that they like.
// parameters: after STRING last id of the previous page, or ''; limit INTEGER
// columns: id, likes
MATCH (u:User)
WHERE u.id > $after AND EXISTS { (u)-[:WROTE]->() }
WITH u ORDER BY u.id LIMIT $limit
RETURN u.id AS id, COLLECT { MATCH (u)-[r:INTERACTED]->(i:Item) WHERE r.weight > 0 RETURN i.key ORDER BY i.key } AS likes
ORDER BY id
