// purpose: What the people that a user follows like, and the user has not met.
// cost: point
// parameters:
//   user STRING id of the user; example "ana"
//   domain STRING domain of the items, or null for all; default null
//   most INTEGER maximum number of rows; default 20
//   k INTEGER minimum number of followed people of a row; default 1
// columns:
//   domain domain of the item
//   item_id its id
//   title its title
//   people number of followed users who like it
//   weight sum of the weights of following and liking
//   who ids of at most five of them
MATCH (u:User {id: $user})-[f:FOLLOWS]->(v:User)-[r:INTERACTED]->(i:Item)
WHERE r.weight > 0 AND ($domain IS NULL OR i.domain = $domain) AND NOT EXISTS { (u)-[:INTERACTED]->(i) }
WITH i, v, f.weight * r.weight AS weight ORDER BY weight DESC, v.id
WITH i, count(v) AS people, sum(weight) AS weight, collect(v.id)[..5] AS who
WHERE people >= $k
RETURN i.domain AS domain, i.item_id AS item_id, i.title AS title, people, weight, who
ORDER BY weight DESC, people DESC, i.key LIMIT $most
