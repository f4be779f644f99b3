// purpose: Popularity between 0 and 1 within a domain: log(1 + likes) / log(1 + most likes).
MATCH (d:Domain)<-[:IN_DOMAIN]-(i:Item)
WITH d, max(i.likes) AS most
MATCH (d)<-[:IN_DOMAIN]-(i:Item)
CALL (i, most) {
  WITH i, CASE WHEN most > 0 THEN log(1 + i.likes) / log(1 + most) ELSE 0.0 END AS popularity
  SET i.popularity = popularity
} IN TRANSACTIONS OF 5000 ROWS
