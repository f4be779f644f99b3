// purpose: The interests that people who like an interest like, too, more than others do.
// cost: global
// parameters:
//   interest STRING name of the interest in any language, or its id; example "science fiction"
//   most INTEGER maximum number of rows; default 20
//   k INTEGER minimum number of people who like both; default 1
// columns:
//   interest name of the other interest
//   people number of users who like both
//   share their part of those who like the first
//   share_of_all the part of all users with an interest who like the other one
//   lift share divided by share_of_all; above 1 both go together
MATCH (e:Encoder {state: 'active'})
MATCH (n:Interest {version: e.version})
WHERE n.id = $interest OR toLower(n.name) = toLower($interest)
  OR any(name IN coalesce(n.names, []) WHERE toLower(name) = toLower($interest))
WITH e, collect(n) AS asked
CALL (e) {
  MATCH (u:User) WHERE EXISTS { (u)-[:INTERESTED_IN]->(:Interest {version: e.version}) }
  RETURN toFloat(count(u)) AS users
}
CALL (asked) {
  UNWIND asked AS n
  MATCH (u:User)-[s:INTERESTED_IN]->(n) WHERE s.weight > 0
  RETURN collect(DISTINCT u) AS fans
}
UNWIND fans AS u
MATCH (u)-[s:INTERESTED_IN]->(m:Interest {version: e.version})
WHERE s.weight > 0 AND NOT m IN asked
WITH m, count(*) AS people, size(fans) AS fans, users
WHERE people >= $k
WITH m, people, toFloat(people) / fans AS share, COUNT { (m)<-[s:INTERESTED_IN]-() WHERE s.weight > 0 } / users AS share_of_all
RETURN m.name AS interest, people, share, share_of_all, share / share_of_all AS lift
ORDER BY lift DESC, people DESC, m.id LIMIT $most
