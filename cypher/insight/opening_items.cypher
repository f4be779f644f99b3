// purpose: Items that open a domain: after them people liked their first item of the other domain.
//   The order weighs few people less: as if five more had gone on as often as those of the whole domain.
// cost: global
// parameters:
//   source STRING domain of the items; example "books"
//   target STRING domain that they open; example "films"
//   most INTEGER maximum number of rows; default 20
//   k INTEGER minimum number of people who went on; default 1
// columns:
//   item_id id of the item
//   title its title
//   people number of users who liked it before their first like in the target domain
//   likes number of users who like it
//   share part of those who like it that went on
//   lift share divided by that of all likes of the source domain; above 1 it opens
//   first_titles titles of at most three items that they liked first in the target domain, the most frequent ones
CALL () {
  MATCH (u:User)-[r:INTERACTED]->(j:Item {domain: $target})
  WHERE r.weight > 0 AND coalesce(r.first_at, r.last_at) IS NOT NULL
  WITH u, min(coalesce(r.first_at, r.last_at)) AS opened
  MATCH (u)-[r:INTERACTED]->(i:Item {domain: $source})
  WHERE r.weight > 0 AND coalesce(r.first_at, r.last_at) < opened
  RETURN i, count(u) AS people
UNION ALL
  MATCH (i:Item {domain: $source})
  RETURN i, 0 AS people
}
WITH i, sum(people) AS people
WITH i, people, COUNT { (i)<-[r:INTERACTED]-() WHERE r.weight > 0 } AS likes
WITH collect({i: i, people: people, likes: likes}) AS rows, toFloat(sum(people)) / sum(likes) AS usual
UNWIND rows AS row
WITH row.i AS i, row.people AS people, row.likes AS likes, usual
WHERE people >= $k AND people > 0
WITH *, (people + 5 * usual) / (likes + 5) AS weighed ORDER BY weighed DESC, people DESC, i.key LIMIT $most
CALL (i) {
  MATCH (i)<-[r:INTERACTED]-(u:User) WHERE r.weight > 0
  MATCH (u)-[t:INTERACTED]->(j:Item {domain: $target}) WHERE t.weight > 0 AND coalesce(t.first_at, t.last_at) IS NOT NULL
  WITH u, coalesce(r.first_at, r.last_at) AS at, coalesce(t.first_at, t.last_at) AS then, j ORDER BY then, j.key
  WITH u, at, min(then) AS opened, head(collect(j)) AS first
  WITH first, at, opened WHERE at < opened
  WITH first, count(*) AS n ORDER BY n DESC, first.key LIMIT 3
  RETURN collect(coalesce(nullIf(first.title, ''), first.key)) AS first_titles
}
RETURN i.item_id AS item_id, i.title AS title, people, likes, toFloat(people) / likes AS share,
  toFloat(people) / likes / usual AS lift, first_titles
ORDER BY weighed DESC, people DESC, i.key
