// purpose: How old the data are: the newest of interactions, texts, events, tables, vectors and edges, with their age.
// cost: scan
// columns:
//   what what the time is of
//   name name of the domain, of the encoder or of the generation, or null
//   newest_at time of the newest
//   days age in days, or null where there is none
CALL () {
  MATCH (d:Domain) RETURN 1 AS place, 'interactions' AS what, d.name AS name, d.newest_at AS at
UNION ALL
  MATCH (t:Text) RETURN 2 AS place, 'texts' AS what, null AS name, max(t.written_at) AS at
UNION ALL
  MATCH (e:Event) RETURN 3 AS place, 'events' AS what, null AS name, max(e.at) AS at
UNION ALL
  MATCH (i:Item) RETURN 4 AS place, 'publications of items' AS what, null AS name, max(i.published_at) AS at
UNION ALL
  MATCH (e:Encoder {state: 'active'}) RETURN 5 AS place, 'encoder version' AS what, e.name AS name, e.created_at AS at
UNION ALL
  MATCH (g:Generation {state: 'active'}) RETURN 6 AS place, 'generation' AS what, toString(g.number) AS name, g.created_at AS at
}
RETURN what, name, toString(at) AS newest_at, duration.inDays(at, datetime()).days AS days
ORDER BY place, name
