// purpose: Write one INTERACTED for each user and item. Dated events newer than the last known one are added to its
//   count, and the newest gives the weight; older ones are known already, so that loading twice changes nothing. A
//   table that says something else of the newest one than the graph corrects it.
// parameters: rows LIST of {user_id, key, weight, kind, count, times, first_at, last_at}, times being those
//   of the dated events in milliseconds since 1970, first_at and last_at the first and last of them or null

// Locks the users, so that this transaction and one that records an event run one after the other: no count is lost.
CALL () {
  UNWIND $rows AS row
  WITH DISTINCT row.user_id AS id ORDER BY id
  MATCH (u:User {id: id})
  SET u.held = true
  REMOVE u.held
  RETURN count(*) AS users
}
UNWIND $rows AS row
MATCH (u:User {id: row.user_id})
MATCH (i:Item {key: row.key})
MERGE (u)-[r:INTERACTED]->(i)
ON CREATE SET r.weight = row.weight, r.count = row.count, r.kind = row.kind,
              r.first_at = CASE WHEN row.first_at IS NOT NULL THEN datetime({epochMillis: row.first_at}) END,
              r.last_at = CASE WHEN row.last_at IS NOT NULL THEN datetime({epochMillis: row.last_at}) END
WITH r, row, size([at IN row.times WHERE r.last_at IS NULL OR at > r.last_at.epochMillis]) AS newer
WITH r, row, newer, coalesce(row.last_at = r.last_at.epochMillis, row.last_at IS NULL AND r.last_at IS NULL) AS same
WHERE newer > 0 OR (same AND (r.weight <> row.weight OR coalesce(r.kind, '') <> coalesce(row.kind, '')))
SET r.weight = row.weight,
    r.kind = row.kind,
    r.count = r.count + newer,
    r.first_at = coalesce(r.first_at, CASE WHEN row.first_at IS NOT NULL THEN datetime({epochMillis: row.first_at}) END),
    r.last_at = CASE WHEN row.last_at IS NOT NULL THEN datetime({epochMillis: row.last_at}) END
