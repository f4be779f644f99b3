// purpose: How many of the most popular items of a domain a filter leaves.
// parameters: domain STRING; sample INTEGER number of items
// columns: sampled, left
MATCH (j:Item {domain: $domain}) WHERE j.popularity >= 0
WITH j ORDER BY j.domain DESC, j.popularity DESC LIMIT $sample
RETURN count(j) AS sampled, count(CASE WHEN true /* AND filter */ THEN 1 END) AS left
