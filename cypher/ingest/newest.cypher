// purpose: Store of each domain the date of the newest interaction, from which likes decay, and the half-life by which
//   they do. A date in the future, which an earlier version accepted, does not count.
// parameters: generation INTEGER whose half-lives count, or null for the active one; half_life_days FLOAT age at which a
//   dated like counts half where the generation says nothing
MATCH (d:Domain)
OPTIONAL MATCH (d)<-[:IN_DOMAIN]-(:Item)<-[r:INTERACTED]-()
WHERE r.last_at <= datetime() + duration('P1D')
WITH d, max(r.last_at) AS newest
OPTIONAL MATCH (g:Generation)-[m:MERGES]->(d)
WHERE CASE WHEN $generation IS NULL THEN g.state = 'active' ELSE g.number = $generation END
SET d.newest_at = newest, d.half_life_days = coalesce(m.popularity_half_life_days, $half_life_days)
