// purpose: Make a generation the one that answers and its encoder version the one that is read; those
//   before retire in the same instant.
// parameters: number INTEGER; edges INTEGER how many edges it has
// columns: number
MATCH (g:Generation {number: $number})
CALL () {
  MATCH (old:Generation {state: 'active'})
  SET old.state = 'retired'
}
CALL (g) {
  MATCH (e:Encoder)
  WHERE e.version = g.encoder_version OR e.state = 'active' AND g.encoder_version IS NOT NULL
  SET e.state = CASE WHEN e.version = g.encoder_version THEN 'active' ELSE 'retired' END
}
SET g.state = 'active', g.edges = $edges, g.activated_at = datetime()
RETURN g.number AS number
