// purpose: What interrupted runs left: generations and encoder versions neither finished nor deleted,
//   interests of nothing; a family is of what is part of it.
// columns: generations, encoders, interests
RETURN COLLECT { MATCH (g:Generation) WHERE g.state IN ['candidate', 'deleting'] RETURN g.number ORDER BY g.number } AS generations,
  COLLECT { MATCH (e:Encoder) WHERE e.state IN ['candidate', 'deleting'] RETURN e.version ORDER BY e.version } AS encoders,
  COUNT {
    MATCH (n:Interest) WHERE NOT EXISTS { (n)<-[:ABOUT]-() } AND NOT EXISTS { (n)<-[:PART_OF]-() }
  } AS interests
