// purpose: Take a generation out of what can be rolled back to, before its edges go. Its state is read only
//   once the node is locked, so that one which is activated in this instant stays.
// parameters: number INTEGER
// columns: number, or no row where it answers
MATCH (g:Generation {number: $number})
SET g.marked_at = datetime.realtime()
WITH g WHERE g.state <> 'active'
SET g.state = 'deleting'
RETURN g.number AS number
