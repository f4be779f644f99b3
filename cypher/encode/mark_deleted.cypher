// purpose: Record that nothing of an encoder version is left; its number is never reused.
// parameters: version INTEGER
MATCH (e:Encoder {version: $version, state: 'deleting'})
SET e.state = 'deleted'
