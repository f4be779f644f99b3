// purpose: What was made before encoders had versions is of the first one.
MATCH (e:Encoder)
WHERE e.version IS NULL
SET e.version = 1, e.state = 'active', e.fingerprint = 'unknown', e.created_at = datetime()
WITH e
CALL () {
  MATCH (n:Interest)
  WHERE n.version IS NULL
  SET n.version = 1
}
CALL () {
  MATCH (g:Generation)
  WHERE g.encoder_version IS NULL
  SET g.encoder_version = 1
}
