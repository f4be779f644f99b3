// purpose: Users with far more interactions than others: more than a multiple of the 95th percentile, with that
//   limit clamped between a minimum and a maximum.
// cost: scan
// parameters:
//   times FLOAT multiple of the 95th percentile; default 50.0
//   least INTEGER minimum of the limit; default 500
//   most INTEGER maximum of the limit; default 10000
// columns:
//   found number of findings
//   among number of those that were looked at
//   above limit above which something is a finding, or null
//   examples three findings, the most extreme first where they have an order
CALL () {
  MATCH (u:User)
  WITH COUNT { (u)-[:INTERACTED]->() } AS n
  WHERE n > 0
  RETURN count(*) AS among, coalesce(percentileDisc(n, 0.95), 0) * $times AS usual
}
WITH among, CASE WHEN usual < $least THEN $least WHEN usual > $most THEN $most ELSE toInteger(usual) END AS above
CALL (above) {
  MATCH (u:User)
  WITH u, COUNT { (u)-[:INTERACTED]->() } AS n
  WHERE n > above
  WITH u, n ORDER BY n DESC, u.id
  RETURN count(u) AS found, collect(u.id + ' with ' + n)[..3] AS examples
}
RETURN found, among, above, examples
