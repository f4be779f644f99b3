// purpose: Store how scores for texts become probabilities in one domain of the active generation.
// parameters: domain STRING; scores LIST of floats, ascending; probabilities LIST of theirs; error FLOAT the
//   calibration error on held-out pairs; pairs INTEGER number of pairs
MATCH (:Generation {state: 'active'})-[m:MERGES]->(:Domain {name: $domain})
SET m.calibration_scores = $scores, m.calibration_probabilities = $probabilities,
    m.calibration_error = $error, m.calibration_pairs = $pairs
