// purpose: One INTERACTED a user and item. Dated events newer than the last one known add up, the
//   newest gives the weight; what is not newer is known already, so that loading twice changes nothing.
// parameters: rows LIST of {user_id, key, weight, kind, count, times, first_at, last_at}, times being those
//   of each dated event, first_at and last_at their ends or null
UNWIND $rows AS row
MATCH (u:User {id: row.user_id})
MATCH (i:Item {key: row.key})
MERGE (u)-[r:INTERACTED]->(i)
ON CREATE SET r.weight = row.weight, r.count = row.count, r.kind = row.kind,
              r.first_at = row.first_at, r.last_at = row.last_at
WITH r, row, size([at IN row.times WHERE r.last_at IS NULL OR at > r.last_at]) AS newer
WHERE newer > 0 OR (row.last_at IS NULL AND r.last_at IS NULL AND r.weight <> row.weight)
SET r.weight = row.weight,
    r.kind = row.kind,
    r.count = r.count + newer,
    r.first_at = coalesce(r.first_at, row.first_at),
    r.last_at = row.last_at
