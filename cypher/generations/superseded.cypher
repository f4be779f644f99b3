// purpose: Generations to delete: unfinished candidates, and all retired generations except those that were active
//   last.
// parameters: keep INTEGER number of retired generations to keep
// columns: number
MATCH (g:Generation)
WHERE g.state IN ['candidate', 'deleting']
RETURN g.number AS number
UNION
MATCH (g:Generation {state: 'retired'})
WITH g ORDER BY g.activated_at DESC, g.number DESC SKIP $keep
RETURN g.number AS number
