// purpose: What each signal weighs in the answers of a generation, by target domain.
// cost: point
// parameters:
//   generation INTEGER number of a generation, or null for the active one; default null
// columns:
//   generation number of the generation
//   domain target domain
//   transfer weight of the edges of the history outside the domain
//   collaborative weight of the edges of the history inside the domain
//   interest weight of interests
//   popularity weight of popularity
//   written weight of what the user wrote
//   interest_alone weight of interests for users without history
//   popularity_alone weight of popularity for users without history
//   dislike factor of dislikes
//   power power of the length of the history by which it is divided
//   half_life_days half-life of interactions, in days
//   calibration_error mean difference of the probability of a like and its frequency, or null
MATCH (g:Generation)-[m:MERGES]->(d:Domain)
WHERE CASE WHEN $generation IS NULL THEN g.state = 'active' ELSE g.number = $generation END
RETURN g.number AS generation, d.name AS domain, m.transfer AS transfer, m.collaborative AS collaborative,
  m.interest AS interest, m.popularity AS popularity, m.written AS written, m.interest_alone AS interest_alone,
  m.popularity_alone AS popularity_alone, m.dislike AS dislike, m.power AS power, m.half_life_days AS half_life_days,
  m.calibration_error AS calibration_error
ORDER BY domain
