// purpose: Whether the likes of a domain are counted by another half-life than the generation that answers was
//   learned with.
// columns: changed
MATCH (:Generation {state: 'active'})-[m:MERGES]->(d:Domain)
WHERE m.popularity_half_life_days <> d.popularity_half_life_days OR d.popularity_half_life_days IS NULL
RETURN count(d) > 0 AS changed
