// purpose: The learned edges between each two domains: how many, and their mean weight.
// columns: source, target, edges, weight mean, positive the share of edges with a weight above 0
MATCH (g:Generation {state: 'active'})
MATCH (i:Item)-[e:TRANSFERS_TO]->(j:Item)
WHERE e.generation = g.number
RETURN i.domain AS source, j.domain AS target, count(*) AS edges, avg(e.weight) AS weight,
       toFloat(sum(CASE WHEN e.weight > 0 THEN 1 ELSE 0 END)) / count(*) AS positive
ORDER BY edges DESC, source, target
