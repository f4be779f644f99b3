// purpose: The interests that stand out on a platform, against all platforms.
// cost: global
// parameters:
//   platform STRING name of the platform, or null for each; default null
//   most INTEGER maximum number of interests of a platform; default 5
//   k INTEGER minimum number of likes of a row; default 1
// columns:
//   platform name of the platform, "unknown" for interactions without one
//   interest name of the interest
//   likes number of likes there of items about it
//   share its part of the likes there of all interests
//   share_of_all its part of the likes on all platforms
//   lift share divided by share_of_all; above 1 it stands out
MATCH (e:Encoder {state: 'active'})
CALL (e) {
  MATCH (:User)-[r:INTERACTED]->(i:Item) WHERE r.weight > 0
  WITH e, coalesce(r.platform, 'unknown') AS platform, i, count(r) AS liked
  MATCH (i)-[:ABOUT]->(n:Interest {version: e.version})
  RETURN platform, n, toFloat(sum(liked)) AS likes
}
WITH n, collect({platform: platform, likes: likes}) AS here, sum(likes) AS of_n
WITH collect({n: n, here: here, of_n: of_n}) AS rows, sum(of_n) AS total
UNWIND rows AS row
UNWIND row.here AS here
WITH here.platform AS platform, total, collect({n: row.n, likes: here.likes, of_n: row.of_n}) AS all_here, sum(here.likes) AS likes_here
WHERE $platform IS NULL OR platform = $platform
CALL (platform, total, all_here, likes_here) {
  UNWIND all_here AS x
  WITH x.n AS n, x.likes AS likes, x.likes / likes_here AS share, x.of_n / total AS share_of_all
  WHERE likes >= $k
  RETURN n, likes, share, share_of_all ORDER BY share / share_of_all DESC, likes DESC, n.id LIMIT $most
}
RETURN platform, n.name AS interest, toInteger(likes) AS likes, share, share_of_all, share / share_of_all AS lift
ORDER BY platform, lift DESC, likes DESC, n.id
