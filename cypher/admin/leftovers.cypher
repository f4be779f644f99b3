// purpose: Remains of interrupted runs: generations and encoder versions that are neither finished nor deleted, and
//   interests without items, texts and child interests.
// cost: scan
// columns:
//   generations their numbers
//   encoders their versions
//   interests number of interests
RETURN COLLECT { MATCH (g:Generation) WHERE g.state IN ['candidate', 'deleting'] RETURN g.number ORDER BY g.number } AS generations,
  COLLECT { MATCH (e:Encoder) WHERE e.state IN ['candidate', 'deleting'] RETURN e.version ORDER BY e.version } AS encoders,
  COUNT {
    MATCH (n:Interest) WHERE NOT EXISTS { (n)<-[:ABOUT]-() } AND NOT EXISTS { (n)<-[:PART_OF]-() }
  } AS interests
