// purpose: Mark a generation before its edges are deleted, so that nobody can roll back to it. Its state is read
//   only after its node is locked, so that a generation which is being activated stays.
// parameters: number INTEGER
// columns: number, or no row where it is active
MATCH (g:Generation {number: $number})
SET g.marked_at = datetime.realtime()
WITH g WHERE g.state <> 'active'
SET g.state = 'deleting'
RETURN g.number AS number
