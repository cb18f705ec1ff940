// The controls of a render (MouthControls) applied: from motion to the mouth of every frame.
#pragma once

#include <string>
#include <vector>

#include "pipeline/mouth_plan.h"
#include "resyncer/pipeline/mouth_controls.h"

namespace resyncer::pipeline {

// Before long work, not after. Throws Error{usage, input}.
void check_controls(const MouthControls& controls, const std::filesystem::path& input);

// Whose mouth moves, and when.
struct MouthTimes {
  const mesh::FaceModel& model;
  const std::string& face_model_hash;
  const Eigen::VectorXf& identity;
  std::vector<double> seconds;  // middle of every frame, after the start of the first
  double rate;                  // frames a second, the mean where it varies
  double speech_start = 0;      // of the track, on the clock of `seconds`
};

// The mouth of every frame from predicted motion, or from MouthControls::motion_in when that is given
// (`track` is then not looked at); the controls are applied to either, and the result is written to
// motion_out. `notes`: sentences for the user. Throws Error{input, output}.
motion::Coefficients mouths_of_frames(const MouthControls& controls, const MouthTimes& times,
                                      const motion::MotionTrack& track, Eigen::VectorXf rest,
                                      std::vector<std::string>* notes);

// Weight of every frame by the ranges alone: 0 outside, inside up to 1 within a few frames, at once where a
// shot begins or ends. Throws Error{usage} for a range without any frame; `option`: who asked for them.
std::vector<float> range_weights(const std::vector<TimeRange>& ranges, const std::vector<double>& seconds,
                                 const std::vector<std::int64_t>& shot_starts,
                                 const std::string& option = "--range");

}  // namespace resyncer::pipeline
