// purpose: The items that divide: both liked and disliked, by the smaller of both parts.
// cost: global
// parameters:
//   domain STRING name of a domain, or null for all; default null
//   least INTEGER minimum number of likes and dislikes of an item; default 10
//   most INTEGER maximum number of rows; default 20
// columns:
//   domain domain of the item
//   item_id its id
//   title its title
//   likes number of users who like it
//   dislikes number of users who dislike it
//   share part of the dislikes among both
MATCH (i:Item)<-[r:INTERACTED]-(:User)
WHERE $domain IS NULL OR i.domain = $domain
WITH i, count(CASE WHEN r.weight > 0 THEN 1 END) AS likes, count(CASE WHEN r.weight < 0 THEN 1 END) AS dislikes
WHERE likes + dislikes >= $least AND dislikes > 0
WITH i, likes, dislikes, toFloat(dislikes) / (likes + dislikes) AS share
RETURN i.domain AS domain, i.item_id AS item_id, i.title AS title, likes, dislikes, share
ORDER BY abs(share - 0.5), likes + dislikes DESC, i.key LIMIT $most
