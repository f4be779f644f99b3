// purpose: Interactions and likes of each domain by month.
// columns: domain, month such as 2026-03 or null for undated ones, interactions, likes
MATCH (:User)-[r:INTERACTED]->(i:Item)
WITH i.domain AS domain, r.last_at.year AS year, r.last_at.month AS month, count(*) AS interactions,
     sum(CASE WHEN r.weight > 0 THEN 1 ELSE 0 END) AS likes
RETURN domain, toString(year) + '-' + right('0' + toString(month), 2) AS month, interactions, likes
ORDER BY domain, month
