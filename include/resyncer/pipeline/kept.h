// Frames in which a face keeps its own mouth, and why: nothing is painted over what is in front of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "resyncer/pipeline/mouth_controls.h"

namespace resyncer::pipeline {

enum class Kept : std::uint8_t {
  no,        // it is repainted
  unseen,    // nobody is found
  covered,   // by a hand, a microphone, another head
  turned,    // away from the camera
  too_small  // in the picture
};

// "out of sight", "covered", "turned away", "too small"; for `no` "".
const char* name_of(Kept why);

struct KeptRange {
  TimeRange time;  // s
  Kept why = Kept::no;
};

// Of frames that are on the screen from starts[i] to starts[i + 1] (s, ascending; one value more than
// frames).
std::vector<KeptRange> kept_ranges(const std::vector<Kept>& frames, const std::vector<double>& starts);

// A sentence for the user, "" for no range: "2 stretches keep their own mouth: 12.3-14.1 s covered, …".
std::string kept_note(const std::vector<KeptRange>& ranges);

}  // namespace resyncer::pipeline
