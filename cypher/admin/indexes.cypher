// purpose: All indexes, including those of constraints, with their state.
// columns: name, state, percent
SHOW INDEXES YIELD name, state, populationPercent
RETURN name, state, populationPercent AS percent ORDER BY name
