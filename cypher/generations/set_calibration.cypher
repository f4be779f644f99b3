// purpose: Store how scores for texts become probabilities in one domain of the active generation.
// parameters: domain STRING; slope FLOAT; offset FLOAT; error FLOAT the calibration error on held-out pairs; pairs
//   INTEGER number of pairs
MATCH (:Generation {state: 'active'})-[m:MERGES]->(:Domain {name: $domain})
SET m.slope = $slope, m.offset = $offset, m.calibration_error = $error, m.calibration_pairs = $pairs
