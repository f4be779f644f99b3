// purpose: Items to which the learned edges of an item lead, strongest first; within its own domain those that are
//   liked together with it.
// parameters: key STRING of the item, domain:item_id; domain STRING of the related items; n INTEGER
// columns: domain, item_id, title, weight
MATCH (g:Generation {state: 'active'})
MATCH (:Item {key: $key})-[e:TRANSFERS_TO|CO_LIKED]->(j:Item {domain: $domain})
WHERE e.generation = g.number AND e.weight > 0
RETURN j.domain AS domain, j.item_id AS item_id, j.title AS title, e.weight AS weight
ORDER BY weight DESC, j.key LIMIT $n
