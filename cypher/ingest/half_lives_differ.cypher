// purpose: Whether a generation wants popularity with other half-lives than those it was computed with.
// parameters: generation INTEGER, or null for the active one; half_life_days FLOAT where the generation says nothing
// columns: differ
MATCH (d:Domain)
OPTIONAL MATCH (g:Generation)-[m:MERGES]->(d)
WHERE CASE WHEN $generation IS NULL THEN g.state = 'active' ELSE g.number = $generation END
WITH coalesce(m.popularity_half_life_days, $half_life_days) AS wanted, coalesce(d.half_life_days, $half_life_days) AS used
RETURN count(CASE WHEN wanted <> used THEN 1 END) > 0 AS differ
