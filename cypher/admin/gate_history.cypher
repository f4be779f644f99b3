// purpose: What the promotion gate decided: the generations, newest first, with those that it refused and why.
// cost: scan
// parameters:
//   most INTEGER maximum number of rows; default 20
// columns:
//   number number of the generation
//   state active, retired, refused, candidate or deleting
//   refused whether the gate refused it
//   reason what the gate said
//   created_at time when it was created
//   edges number of its edges
//   encoder_version number of its encoder version
//   seconds duration of its training, in seconds
//   peak_mb its peak memory, in MB
//   metrics what was measured on held-out users, as JSON
MATCH (g:Generation)
RETURN g.number AS number, g.state AS state, coalesce(g.refused, false) AS refused, g.reason AS reason,
  toString(g.created_at) AS created_at, coalesce(g.edges, 0) AS edges, g.encoder_version AS encoder_version,
  g.seconds AS seconds, g.peak_mb AS peak_mb, g.metrics AS metrics
ORDER BY number DESC LIMIT $most
