// purpose: The distribution of the weights of interactions.
// cost: global
// columns:
//   among number of interactions
//   likes number of these that are likes
//   dislikes number of these that are dislikes
//   lowest lowest weight
//   median median of the weights
//   highest highest weight
MATCH ()-[r:INTERACTED]->()
RETURN count(r) AS among, count(CASE WHEN r.weight > 0 THEN 1 END) AS likes,
  count(CASE WHEN r.weight < 0 THEN 1 END) AS dislikes, min(r.weight) AS lowest,
  percentileDisc(r.weight, 0.5) AS median, max(r.weight) AS highest
