// purpose: All indexes, those behind constraints among them, and whether they answer.
// columns: name, state, percent
SHOW INDEXES YIELD name, state, populationPercent
RETURN name, state, populationPercent AS percent ORDER BY name
