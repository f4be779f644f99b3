// purpose: What interrupted runs left: generations neither finished nor deleted, interests of nothing.
// columns: generations, interests
RETURN COLLECT { MATCH (g:Generation) WHERE g.state IN ['candidate', 'deleting'] RETURN g.number ORDER BY g.number } AS generations,
  COUNT { MATCH (n:Interest) WHERE NOT EXISTS { (n)<-[:ABOUT]-() } } AS interests
