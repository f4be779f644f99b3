// purpose: How large the graph is: its nodes by label and its relationships by type, from the count store.
// cost: point
// columns:
//   kind node or relationship
//   name label of the nodes or type of the relationships
//   count number of them
UNWIND [
  ['node', 'User', COUNT { (:User) }],
  ['node', 'Account', COUNT { (:Account) }],
  ['node', 'Item', COUNT { (:Item) }],
  ['node', 'Domain', COUNT { (:Domain) }],
  ['node', 'Interest', COUNT { (:Interest) }],
  ['node', 'CategoryName', COUNT { (:CategoryName) }],
  ['node', 'Text', COUNT { (:Text) }],
  ['node', 'ItemVector', COUNT { (:ItemVector) }],
  ['node', 'TextVector', COUNT { (:TextVector) }],
  ['node', 'Encoder', COUNT { (:Encoder) }],
  ['node', 'Generation', COUNT { (:Generation) }],
  ['node', 'Event', COUNT { (:Event) }],
  ['node', 'Dataset', COUNT { (:Dataset) }],
  ['node', 'Migration', COUNT { (:Migration) }],
  ['relationship', 'INTERACTED', COUNT { ()-[:INTERACTED]->() }],
  ['relationship', 'WROTE', COUNT { ()-[:WROTE]->() }],
  ['relationship', 'FOLLOWS', COUNT { ()-[:FOLLOWS]->() }],
  ['relationship', 'OF', COUNT { ()-[:OF]->() }],
  ['relationship', 'SENT', COUNT { ()-[:SENT]->() }],
  ['relationship', 'IN_DOMAIN', COUNT { ()-[:IN_DOMAIN]->() }],
  ['relationship', 'ABOUT', COUNT { ()-[:ABOUT]->() }],
  ['relationship', 'PART_OF', COUNT { ()-[:PART_OF]->() }],
  ['relationship', 'INTERESTED_IN', COUNT { ()-[:INTERESTED_IN]->() }],
  ['relationship', 'TRANSFERS_TO', COUNT { ()-[:TRANSFERS_TO]->() }],
  ['relationship', 'CO_LIKED', COUNT { ()-[:CO_LIKED]->() }],
  ['relationship', 'ENCODED_AS', COUNT { ()-[:ENCODED_AS]->() }],
  ['relationship', 'MERGES', COUNT { ()-[:MERGES]->() }]
] AS row
RETURN row[0] AS kind, row[1] AS name, row[2] AS count
ORDER BY kind, count DESC, name
