// purpose: Who likes an item: the interests of these people, against those of all users.
// cost: scan
// parameters:
//   item STRING key of the item, its domain and id with a colon between them; example "books:b0001"
//   most INTEGER maximum number of rows; default 10
//   k INTEGER minimum number of people of a row; default 1
// columns:
//   title title of the item
//   people number of users who like it and the interest
//   interest name of the interest
//   share their part of those who like the item
//   share_of_all the part of all users who like the interest
//   lift share divided by share_of_all; above 1 the interest is typical of the item's people
MATCH (e:Encoder {state: 'active'})
MATCH (i:Item {key: $item})
CALL (i) {
  MATCH (i)<-[r:INTERACTED]-(u:User) WHERE r.weight > 0
  RETURN collect(u) AS fans
}
UNWIND fans AS u
MATCH (u)-[s:INTERESTED_IN]->(n:Interest {version: e.version}) WHERE s.weight > 0
WITH i, n, count(*) AS people, size(fans) AS fans
WHERE people >= $k
WITH i, n, people, toFloat(people) / fans AS share,
  toFloat(COUNT { (n)<-[s:INTERESTED_IN]-() WHERE s.weight > 0 }) / COUNT { (:User) } AS share_of_all
RETURN i.title AS title, people, n.name AS interest, share, share_of_all, share / share_of_all AS lift
ORDER BY people * log(share / share_of_all) DESC, n.id LIMIT $most
