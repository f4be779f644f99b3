// purpose: What a user liked and disliked, newest first.
// cost: point
// parameters:
//   user STRING id of the user; example "ana"
//   domain STRING domain of the items, or null for all; default null
//   most INTEGER maximum number of rows; default 20
// columns:
//   domain domain of the item
//   item_id its id
//   title its title
//   weight above 0 for a like, below 0 for a dislike
//   kind kind of the newest interaction with it, or null
//   platform its platform, or null
//   last_at its time, or null
MATCH (:User {id: $user})-[r:INTERACTED]->(i:Item)
WHERE $domain IS NULL OR i.domain = $domain
WITH i, r ORDER BY coalesce(r.last_at.epochMillis, 0) DESC, abs(r.weight) DESC, i.key LIMIT $most
RETURN i.domain AS domain, i.item_id AS item_id, i.title AS title, r.weight AS weight, r.kind AS kind,
  r.platform AS platform, toString(r.last_at) AS last_at
ORDER BY coalesce(r.last_at.epochMillis, 0) DESC, abs(r.weight) DESC, i.key
