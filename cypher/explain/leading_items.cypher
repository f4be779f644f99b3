// purpose: The items from which the strongest edges of the active generation lead to an item, and which a user has not
//   met.
// parameters: user STRING id; item STRING key; n INTEGER number of items
// columns: key, domain, item_id, title, strength of the edge times its merge weight
MATCH (j:Item {key: $item})-[:IN_DOMAIN]->(d:Domain)<-[m:MERGES]-(g:Generation {state: 'active'})
MATCH (i:Item)-[e:TRANSFERS_TO|CO_LIKED {generation: g.number}]->(j)
WITH i, e.weight * CASE type(e) WHEN 'CO_LIKED' THEN m.collaborative ELSE m.transfer END AS strength
WHERE strength > 0
ORDER BY strength DESC, i.key
WITH i, strength WHERE NOT EXISTS { (:User {id: $user})-[:INTERACTED]->(i) }
RETURN i.key AS key, i.domain AS domain, i.item_id AS item_id, i.title AS title, strength LIMIT $n
