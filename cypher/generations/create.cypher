// purpose: Create a candidate generation with its merge weights for each domain, numbered after all that ever
//   existed. No number is reused: a run that lost its lock never writes into the candidate of another.
// parameters: metrics STRING a JSON document; settings STRING the same; choices STRING the same, the tuned
//   parameters; fingerprint STRING of the snapshot; tables LIST of the fingerprints of the tables in the snapshot;
//   encoder_version INTEGER, or null where nothing is encoded; most_edges INTEGER maximum number of edges of one
//   kind that leave a node; merge LIST of {domain, transfer, collaborative, interest, popularity, power,
//   half_life_days, dislike, interest_alone, popularity_alone, written}
// columns: number
OPTIONAL MATCH (old:Generation)
WITH max(old.number) AS newest
MERGE (c:Counter {name: 'generation'})
SET c.last = CASE WHEN newest > c.last THEN newest ELSE coalesce(c.last, newest, 0) END + 1
WITH c.last AS number
CREATE (g:Generation {number: number, state: 'candidate', created_at: datetime(), metrics: $metrics,
                      settings: $settings, choices: $choices, fingerprint: $fingerprint, tables: $tables,
                      encoder_version: $encoder_version, most_edges: $most_edges})
WITH g
CALL (g) {
  UNWIND $merge AS row
  MATCH (d:Domain {name: row.domain})
  CREATE (g)-[m:MERGES]->(d)
  SET m = row {.transfer, .collaborative, .interest, .popularity, .power, .half_life_days, .dislike,
               .interest_alone, .popularity_alone, .written}
}
RETURN g.number AS number
