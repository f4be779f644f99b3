// purpose: Generations to delete: candidates that were never finished and all but the retired ones that
//   answered last.
// parameters: keep INTEGER retired generations to keep
// columns: number
MATCH (g:Generation)
WHERE g.state IN ['candidate', 'deleting']
RETURN g.number AS number
UNION
MATCH (g:Generation {state: 'retired'})
WITH g ORDER BY g.activated_at DESC, g.number DESC SKIP $keep
RETURN g.number AS number
