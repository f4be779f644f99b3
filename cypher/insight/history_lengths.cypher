// purpose: How long the histories are: users by their number of interactions.
// cost: scan
// columns:
//   interactions range of the number of interactions
//   users number of users
//   share their part of all users
//   writers number of these users who wrote a text
MATCH (u:User)
WITH COUNT { (u)-[:INTERACTED]->() } AS n, EXISTS { (u)-[:WROTE]->() } AS wrote
WITH CASE WHEN n = 0 THEN 0 WHEN n <= 5 THEN 1 WHEN n <= 20 THEN 2 WHEN n <= 100 THEN 3 WHEN n <= 1000 THEN 4 ELSE 5 END AS place, wrote
WITH place, count(*) AS users, count(CASE WHEN wrote THEN 1 END) AS writers
RETURN ['0', '1 to 5', '6 to 20', '21 to 100', '101 to 1,000', 'more'][place] AS interactions, users,
  toFloat(users) / COUNT { (:User) } AS share, writers
ORDER BY place
