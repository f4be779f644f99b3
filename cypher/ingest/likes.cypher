// purpose: Count the likes of each item, decayed by their age at the newest interaction of the domain.
// parameters: half_life_days FLOAT age at which a dated like counts half
MATCH (i:Item)-[:IN_DOMAIN]->(d:Domain)
USING INDEX i:Item(key)
WHERE i.key IS NOT NULL
WITH d, i ORDER BY i.key
CALL (d, i) {
  // Locks the item, in the same order as all writers, so that the result includes every event written before.
  SET i.held = true
  REMOVE i.held
  WITH d, i
  OPTIONAL MATCH (i)<-[r:INTERACTED]-() WHERE r.weight > 0
  WITH i, sum(CASE
    WHEN r IS NULL THEN 0.0
    WHEN r.last_at IS NULL OR r.last_at > d.newest_at THEN 1.0
    ELSE 0.5 ^ ((d.newest_at.epochSeconds - r.last_at.epochSeconds) / 86400.0 / $half_life_days)
  END) AS likes
  SET i.likes = likes
} IN TRANSACTIONS OF 2000 ROWS
