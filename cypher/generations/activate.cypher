// purpose: Make a generation the one that answers; the one before retires in the same instant.
// parameters: number INTEGER; edges INTEGER how many edges it has
// columns: number
MATCH (g:Generation {number: $number})
CALL () {
  MATCH (old:Generation {state: 'active'})
  SET old.state = 'retired'
}
SET g.state = 'active', g.edges = $edges, g.activated_at = datetime()
RETURN g.number AS number
