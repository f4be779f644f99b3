// purpose: The interactions of a user, newest first.
// parameters: user STRING id; limit INTEGER
// columns: domain, item_id, title, weight, last_at
MATCH (:User {id: $user})-[r:INTERACTED]->(i:Item)
RETURN i.domain AS domain, i.item_id AS item_id, i.title AS title, r.weight AS weight, toString(r.last_at) AS last_at
ORDER BY coalesce(r.last_at.epochMillis, 0) DESC, abs(r.weight) DESC, i.key LIMIT $limit
