// purpose: How often the promotion gate refused, and the age of the generation that answers.
// columns: refusals, refusals_in_a_row since the active generation was trained, generation_age in seconds, or null
OPTIONAL MATCH (active:Generation {state: 'active'})
OPTIONAL MATCH (g:Generation {refused: true})
RETURN count(g) AS refusals, count(CASE WHEN g.number > coalesce(active.number, 0) THEN 1 END) AS refusals_in_a_row,
  duration.inSeconds(active.created_at, datetime()).seconds AS generation_age
