// purpose: A new candidate generation, numbered after all that were, with how to merge its signals a domain.
// parameters: metrics STRING a JSON document; settings STRING a JSON document; fingerprint STRING of the
//   snapshot; encoder_version INTEGER, or null where nothing is encoded; merge LIST of {domain, transfer, collaborative, interest, popularity, power,
//   half_life_days, dislike, interest_alone}
// columns: number
OPTIONAL MATCH (old:Generation)
WITH coalesce(max(old.number), 0) + 1 AS number
CREATE (g:Generation {number: number, state: 'candidate', created_at: datetime(), metrics: $metrics,
                      settings: $settings, fingerprint: $fingerprint,
                      encoder_version: $encoder_version})
WITH g
CALL (g) {
  UNWIND $merge AS row
  MATCH (d:Domain {name: row.domain})
  CREATE (g)-[m:MERGES]->(d)
  SET m = row {.transfer, .collaborative, .interest, .popularity, .power, .half_life_days, .dislike,
               .interest_alone}
}
RETURN g.number AS number
