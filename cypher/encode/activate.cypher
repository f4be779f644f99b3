// purpose: Activate an encoder version, unless an active generation determines the version.
// parameters: version INTEGER
// columns: version
MATCH (e:Encoder {version: $version})
WHERE e.state <> 'active' AND NOT EXISTS { MATCH (:Generation {state: 'active'}) }
CALL () {
  MATCH (old:Encoder {state: 'active'})
  SET old.state = 'retired'
}
SET e.state = 'active'
RETURN e.version AS version
