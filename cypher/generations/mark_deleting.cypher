// purpose: Take a generation out of what can be rolled back to, before its edges go.
// parameters: number INTEGER
MATCH (g:Generation {number: $number})
WHERE g.state <> 'active'
SET g.state = 'deleting'
