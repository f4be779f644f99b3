// purpose: Users in pages by id with their interactions and interests, for training.
// parameters: after STRING last id of the previous page, or ''; limit INTEGER; version INTEGER of the encoder
// columns: id, items, weights, times, interests, written
MATCH (u:User)
WHERE u.id > $after
WITH u ORDER BY u.id LIMIT $limit
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  RETURN collect(i.key) AS items, collect(r.weight) AS weights, collect(coalesce(r.last_at.epochMillis, -1)) AS times
}
RETURN u.id AS id, items, weights, times,
  COLLECT { MATCH (u)-[s:INTERESTED_IN]->(n:Interest {version: $version}) RETURN [n.id, s.weight] } AS interests,
  COLLECT {
    MATCH (u)-[s:INTERESTED_IN]->(n:Interest {version: $version}) WHERE s.written <> 0
    RETURN [n.id, s.written]
  } AS written
