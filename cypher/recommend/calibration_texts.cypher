// purpose: Texts by whose writers' likes the probabilities of a domain are calibrated: first texts about no item, then
//   texts about an item, which is not among the likes.
// parameters: domain STRING; version INTEGER of the encoder; n INTEGER number of texts
// columns: writer, language, vector, polarity, interests, likes newest first, item id that the text is about or null
MATCH (u:User)-[:WROTE]->(t:Text)-[:ENCODED_AS]->(v:TextVector {version: $version})
WHERE EXISTS { (t)-[:ABOUT]->(:Interest {version: $version}) }
  AND EXISTS { MATCH (u)-[r:INTERACTED]->(j:Item {domain: $domain}) WHERE r.weight > 0 AND j.key <> coalesce(t.item, '') }
WITH u, t, v ORDER BY t.item IS NOT NULL, t.id LIMIT $n
RETURN u.id AS writer, t.language AS language, v.vector AS vector, v.polarity AS polarity,
  COLLECT {
    MATCH (t)-[b:ABOUT]->(n:Interest {version: $version})
    RETURN {interest: n.id, weight: b.weight, polarity: coalesce(b.polarity, v.polarity, 0.0)}
  } AS interests,
  COLLECT {
    MATCH (u)-[r:INTERACTED]->(j:Item {domain: $domain})
    WHERE r.weight > 0 AND j.key <> coalesce(t.item, '')
    RETURN j.item_id ORDER BY r.last_at DESC, j.key
  } AS likes,
  COLLECT { MATCH (j:Item {key: t.item, domain: $domain}) RETURN j.item_id }[0] AS item
