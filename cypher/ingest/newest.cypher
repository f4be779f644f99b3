// purpose: By what the likes of each domain are counted: the date of its newest interaction, and the half-life
//   from then on that the generation that answers was learned with.
// parameters: half_life_days FLOAT where no generation answers
MATCH (d:Domain)
OPTIONAL MATCH (d)<-[:IN_DOMAIN]-(:Item)<-[r:INTERACTED]-()
WITH d, max(r.last_at) AS newest
OPTIONAL MATCH (:Generation {state: 'active'})-[m:MERGES]->(d)
SET d.newest_at = newest, d.popularity_half_life_days = coalesce(m.popularity_half_life_days, $half_life_days)
