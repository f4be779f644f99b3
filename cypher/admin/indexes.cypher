// purpose: All indexes, including those of constraints, with their state and use.
// cost: point
// columns:
//   name name of the index
//   state ONLINE, POPULATING or FAILED
//   percent how much of it is built
//   type kind of index
//   labels labels or types that it is for
//   properties properties that it is for
//   reads number of times that it was used
//   last_read time when it was used last, or null
SHOW INDEXES YIELD name, state, populationPercent, type, labelsOrTypes, properties, readCount, lastRead
RETURN name, state, populationPercent AS percent, type, labelsOrTypes AS labels, properties, readCount AS reads,
  toString(lastRead) AS last_read
ORDER BY name
