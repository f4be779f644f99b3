// purpose: Record how the training of a candidate ended. A refused one keeps its node, without its edges.
//   The node is locked before its state is read, so that a candidate of a run that lost its lock is left alone.
// parameters: number INTEGER; refused BOOLEAN; reason STRING of the promotion gate; metrics STRING a JSON document;
//   seconds FLOAT duration of the run so far; peak_mb FLOAT its peak memory
MATCH (g:Generation {number: $number})
SET g.recorded_at = datetime.realtime()
WITH g WHERE g.state = 'candidate'
SET g.refused = $refused, g.reason = $reason, g.metrics = $metrics, g.seconds = $seconds, g.peak_mb = $peak_mb
