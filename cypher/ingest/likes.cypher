// purpose: Count the likes of each item, those of the newest day of its domain in full, older ones decayed.
// parameters: half_life_days FLOAT age at which a dated like counts half
MATCH (d:Domain)
CALL (d) {
  MATCH (d)<-[:IN_DOMAIN]-(:Item)<-[r:INTERACTED]-()
  RETURN max(r.last_at).epochSeconds AS newest
}
MATCH (d)<-[:IN_DOMAIN]-(i:Item)
CALL (i, newest) {
  OPTIONAL MATCH (i)<-[r:INTERACTED]-() WHERE r.weight > 0
  WITH i, sum(CASE
    WHEN r IS NULL THEN 0.0
    WHEN r.last_at IS NULL THEN 1.0
    ELSE 0.5 ^ ((newest - r.last_at.epochSeconds) / 86400.0 / $half_life_days)
  END) AS likes
  SET i.likes = likes
} IN TRANSACTIONS OF 2000 ROWS
