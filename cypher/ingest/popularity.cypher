// purpose: Store popularity between 0 and 1 within a domain: log(1 + likes) / log(1 + most likes). Of likes that have
//   faded to almost nothing the logarithm would be 0, and the quotient no number: they are divided themselves.
MATCH (i:Item)-[:IN_DOMAIN]->(d:Domain)
USING INDEX i:Item(key)
WHERE i.key IS NOT NULL
WITH d, i ORDER BY i.key
CALL (d, i) {
  // Locks the item, in the same order as all writers, so that the result includes every event written before.
  SET i.held = true
  REMOVE i.held
  WITH i, CASE WHEN d.most_likes > 1e-6 THEN log(1 + i.likes) / log(1 + d.most_likes)
               WHEN d.most_likes > 0 THEN i.likes / d.most_likes ELSE 0.0 END AS popularity
  SET i.popularity = popularity
} IN TRANSACTIONS OF 5000 ROWS
