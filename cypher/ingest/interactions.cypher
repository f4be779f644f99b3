// purpose: Write one INTERACTED for each user and item. Dated events newer than the last known one are added to its
//   count, and the newest gives the weight; older ones are known already, so that loading twice changes nothing. A
//   table that says something else of the newest one than the graph corrects it. Where the table replaces what the
//   graph has, only the live events (r.live) that are newer than the table's remain beside it. A table that has the
//   last event and as many as the graph has the live ones, too, which are its own from then on.
// parameters: rows LIST of {user_id, key, weight, kind, platform, account, count, times, first_at, last_at}, platform
//   and account being those of the newest event or null, times those of the dated events in milliseconds since 1970, first_at and last_at the first and last of them or null; replace
//   BOOLEAN
// columns: new and changed, the numbers of such pairs of a user and an item

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
WITH r, row, r.weight IS NULL AS new, r.last_at.epochMillis AS known
WITH r, row, new, known, size([at IN row.times WHERE known IS NULL OR at > known]) AS newer,
  CASE WHEN row.last_at >= known AND row.count >= r.count THEN null WHEN r.live > 0 THEN r.live END AS live
WITH *, new OR newer > 0 OR coalesce(row.last_at = known, row.last_at IS NULL AND known IS NULL)
    OR ($replace AND live IS NULL) AS newest,
  CASE WHEN new THEN row.count WHEN $replace THEN row.count + coalesce(live, 0) ELSE r.count + newer END AS count,
  CASE WHEN new OR ($replace AND live IS NULL) THEN row.first_at ELSE coalesce(r.first_at.epochMillis, row.first_at) END AS first
WITH *, NOT new AND (r.count <> count OR (newest AND (r.weight <> row.weight OR coalesce(r.kind, '') <> coalesce(row.kind, '')
    OR coalesce(r.platform, '') <> coalesce(row.platform, '') OR coalesce(r.account, '') <> coalesce(row.account, '')
    OR coalesce(known <> row.last_at, known IS NOT NULL OR row.last_at IS NOT NULL)))
  OR coalesce(r.first_at.epochMillis <> first, r.first_at IS NOT NULL OR first IS NOT NULL)) AS changed
WHERE new OR changed OR (r.live IS NOT NULL AND live IS NULL)
SET r.count = count,
    r.live = live,
    r.first_at = CASE WHEN first IS NOT NULL THEN datetime({epochMillis: first}) END
FOREACH (_ IN CASE WHEN newest THEN [1] ELSE [] END |
  SET r.weight = row.weight,
      r.kind = row.kind,
      r.platform = row.platform,
      r.account = row.account,
      r.last_at = CASE WHEN row.last_at IS NOT NULL THEN datetime({epochMillis: row.last_at}) END
)
RETURN count(CASE WHEN new THEN 1 END) AS new, count(CASE WHEN changed THEN 1 END) AS changed
