// purpose: The interactions of a user, newest first.
// cost: point
// parameters:
//   user STRING id of the user; example "ana"
//   limit INTEGER maximum number of rows; default 20
// columns:
//   domain domain of the item
//   item_id its id
//   title its title
//   weight how much the user likes it, below 0 a dislike
//   last_at time of the newest interaction, or null
MATCH (:User {id: $user})-[r:INTERACTED]->(i:Item)
RETURN i.domain AS domain, i.item_id AS item_id, i.title AS title, r.weight AS weight, toString(r.last_at) AS last_at
ORDER BY coalesce(r.last_at.epochMillis, 0) DESC, abs(r.weight) DESC, i.key LIMIT $limit
