// purpose: One user: what the table of users says, and how much the user did.
// cost: point
// parameters:
//   user STRING id of the user; example "ana"
// columns:
//   user id of the user
//   attributes list of {name, value} for the columns of the table of users
//   likes number of items that the user likes
//   dislikes number of items that the user dislikes
//   domains domains of these items, that with most of them first
//   texts number of texts that the user wrote
//   follows number of users that the user follows
//   first_at time of the first interaction
//   last_at time of the last one
MATCH (u:User {id: $user})
CALL (u) {
  OPTIONAL MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i.domain AS domain, count(CASE WHEN r.weight > 0 THEN 1 END) AS liked,
    count(CASE WHEN r.weight < 0 THEN 1 END) AS disliked, min(coalesce(r.first_at, r.last_at)) AS first_of,
    max(r.last_at) AS last_of
  ORDER BY liked + disliked DESC, domain
  RETURN sum(liked) AS likes, sum(disliked) AS dislikes, collect(domain) AS domains,
    min(first_of) AS first_at, max(last_of) AS last_at
}
RETURN u.id AS user,
  COLLECT {
    MATCH (a:Attribute {label: 'User'}) WHERE u[a.name] IS NOT NULL
    RETURN {name: a.name, value: u[a.name]} ORDER BY a.name
  } AS attributes,
  likes, dislikes, domains, COUNT { (u)-[:WROTE]->() } AS texts, COUNT { (u)-[:FOLLOWS]->() } AS follows,
  toString(first_at) AS first_at, toString(last_at) AS last_at
