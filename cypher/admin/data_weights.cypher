// purpose: The distribution of the weights of interactions.
// columns: among, likes, dislikes, lowest, median, highest
MATCH ()-[r:INTERACTED]->()
RETURN count(r) AS among, count(CASE WHEN r.weight > 0 THEN 1 END) AS likes,
  count(CASE WHEN r.weight < 0 THEN 1 END) AS dislikes, min(r.weight) AS lowest,
  percentileDisc(r.weight, 0.5) AS median, max(r.weight) AS highest
