// purpose: Number of relationships by type, from the count store.
// columns: relationship, count
UNWIND [
  ['INTERACTED', COUNT { ()-[:INTERACTED]->() }], ['WROTE', COUNT { ()-[:WROTE]->() }],
  ['FOLLOWS', COUNT { ()-[:FOLLOWS]->() }], ['SENT', COUNT { ()-[:SENT]->() }], ['OF', COUNT { ()-[:OF]->() }],
  ['IN_DOMAIN', COUNT { ()-[:IN_DOMAIN]->() }], ['ABOUT', COUNT { ()-[:ABOUT]->() }],
  ['PART_OF', COUNT { ()-[:PART_OF]->() }], ['INTERESTED_IN', COUNT { ()-[:INTERESTED_IN]->() }],
  ['TRANSFERS_TO', COUNT { ()-[:TRANSFERS_TO]->() }], ['CO_LIKED', COUNT { ()-[:CO_LIKED]->() }],
  ['ENCODED_AS', COUNT { ()-[:ENCODED_AS]->() }], ['MERGES', COUNT { ()-[:MERGES]->() }]
] AS row
WITH row[0] AS relationship, row[1] AS count WHERE count > 0
RETURN relationship, count
