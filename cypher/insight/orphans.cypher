// purpose: What stands alone: items that no edge leads to or leaves, users of whom nothing is known, interests of nothing.
// cost: global
// parameters:
//   most INTEGER maximum number of rows of each kind; default 10
// columns:
//   kind item, user or interest
//   found number of all of this kind that stand alone
//   key key of the item, id of the user or of the interest
//   title title of the item or name of the interest
//   reason what it lacks
OPTIONAL MATCH (g:Generation {state: 'active'})
OPTIONAL MATCH (e:Encoder {state: 'active'})
CALL (g, e) {
  MATCH (i:Item)
  WHERE NOT EXISTS { (i)-[x:TRANSFERS_TO|CO_LIKED]-() WHERE x.generation = g.number }
  WITH i ORDER BY i.key
  RETURN 'item' AS kind, count(i) AS found, collect({key: i.key, title: i.title, reason:
    'no learned edges' + CASE WHEN EXISTS { (i)<-[:INTERACTED]-() } THEN '' ELSE ', no interactions' END
                       + CASE WHEN EXISTS { (i)-[:ABOUT]->() } THEN '' ELSE ', no interests' END})[..$most] AS rows
UNION ALL
  MATCH (u:User)
  WHERE NOT EXISTS { (u)-[:INTERACTED|WROTE|FOLLOWS]->() }
  WITH u ORDER BY u.id
  RETURN 'user' AS kind, count(u) AS found,
    collect({key: u.id, title: null, reason: 'no interactions, no texts, follows nobody'})[..$most] AS rows
UNION ALL
  MATCH (n:Interest {version: e.version})
  WHERE NOT EXISTS { (n)<-[:ABOUT|PART_OF]-() }
  WITH n ORDER BY n.id
  RETURN 'interest' AS kind, count(n) AS found,
    collect({key: n.id, title: n.name, reason: 'no items, no texts, no parts'})[..$most] AS rows
}
UNWIND rows AS row
RETURN kind, found, row.key AS key, row.title AS title, row.reason AS reason
ORDER BY kind, key
