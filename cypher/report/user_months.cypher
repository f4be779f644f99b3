// purpose: Interactions of one user by month and domain.
// parameters: user STRING id
// columns: domain, month such as 2026-03 or null for undated ones, likes, dislikes
MATCH (:User {id: $user})-[r:INTERACTED]->(i:Item)
WITH i.domain AS domain, r.last_at.year AS year, r.last_at.month AS month,
     sum(CASE WHEN r.weight > 0 THEN 1 ELSE 0 END) AS likes, sum(CASE WHEN r.weight < 0 THEN 1 ELSE 0 END) AS dislikes
RETURN domain, toString(year) + '-' + right('0' + toString(month), 2) AS month, likes, dislikes
ORDER BY domain, month
