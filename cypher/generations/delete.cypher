// purpose: Delete the node of a generation whose edges are deleted; a refused one stays, with the reason.
// parameters: number INTEGER
MATCH (g:Generation {number: $number, state: 'deleting'})
OPTIONAL MATCH (g)-[m:MERGES]->()
DELETE m
WITH DISTINCT g
FOREACH (kept IN CASE WHEN g.refused THEN [g] ELSE [] END | SET kept.state = 'refused')
FOREACH (gone IN CASE WHEN g.refused THEN [] ELSE [g] END | DETACH DELETE gone)
