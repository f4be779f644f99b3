// purpose: Popularity between 0 and 1 within a domain: log(1 + likes) / log(1 + most likes).
MATCH (d:Domain)<-[:IN_DOMAIN]-(i:Item)
CALL (d, i) {
  WITH i, CASE WHEN d.most_likes > 0 THEN log(1 + i.likes) / log(1 + d.most_likes) ELSE 0.0 END AS popularity
  SET i.popularity = popularity
} IN TRANSACTIONS OF 5000 ROWS
