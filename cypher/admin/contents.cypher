// purpose: Number of users, items, interactions, texts and interests in the graph.
// columns: users, items, interactions, texts, interests
RETURN COUNT { (:User) } AS users, COUNT { (:Item) } AS items, COUNT { ()-[:INTERACTED]->() } AS interactions,
  COUNT { (:Text) } AS texts, COUNT { (:Interest) } AS interests
