// purpose: Users whose likes concentrate in few interests: the entropy of their likes, lowest first.
// cost: global
// parameters:
//   least INTEGER minimum number of likes of a user, over all interests; default 10
//   most INTEGER maximum number of rows; default 20
// columns:
//   user id of the user
//   entropy entropy of the user's likes over interests, in bits; 0 where all are of one interest
//   breadth number of equally liked interests with the same entropy, 2 to the power of it
//   likes number of likes, an item about several interests counting once for each
//   interests number of interests with a like
//   top name of the interest with most of them
//   top_share its part of them
//   domains number of likes in each domain, as the name of the domain and the number
MATCH (e:Encoder {state: 'active'})
MATCH (u:User)-[s:INTERESTED_IN]->(n:Interest {version: e.version})
WHERE s.likes > 0
WITH u, n, s.likes AS likes ORDER BY likes DESC, n.id
WITH u, sum(likes) AS total, collect(likes) AS each, head(collect(n.name)) AS top
WHERE total >= $least
WITH u, total, each, top,
  reduce(bits = 0.0, x IN each | bits - x * log(toFloat(x) / total)) / total / log(2) AS entropy
ORDER BY entropy, total DESC, u.id LIMIT $most
RETURN u.id AS user, abs(round(entropy, 6)) AS entropy, 2 ^ abs(round(entropy, 6)) AS breadth, total AS likes, size(each) AS interests, top,
  toFloat(each[0]) / total AS top_share,
  COLLECT {
    MATCH (u)-[r:INTERACTED]->(i:Item) WHERE r.weight > 0
    WITH i.domain AS domain, count(*) AS liked ORDER BY liked DESC, domain
    RETURN domain + ' ' + liked
  } AS domains
ORDER BY entropy, likes DESC, user
