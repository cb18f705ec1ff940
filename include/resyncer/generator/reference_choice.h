// Which frames of the clip lend their pixels. The bank is filled while the video is analysed; the choice is
// made per frame.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "resyncer/generator/guidance.h"
#include "resyncer/mesh/face_model.h"

namespace resyncer::generator {

struct BankEntry {
  double seconds = 0;          // when in the clip
  Eigen::VectorXf expression;  // all coefficients
  Eigen::Vector3f angles;      // mesh::head_angles
  float openness = 0;          // core::mouth_openness
  float sharpness = 0;         // variance of the Laplacian round the mouth
};

struct ChoiceOptions {
  double exclude_from = 1,
         exclude_to = -1;  // seconds: entries inside are not used (held-out measurements); empty by default
  float hold = 0.8F;  // an entry in use is kept while its distance is below the best one's / hold: no flicker
};

// Slots 0..2: nearest mouth shapes (expression of the mouth first, then pose, then sharpness), slot 3: the
// most open mouth that is sharp. Indices into `bank`, repeated when it is small. `previous`: last frame's
// answer, or empty.
std::vector<int> choose_references(const std::vector<BankEntry>& bank, const Eigen::VectorXf& expression,
                                   int speech_count, const Eigen::Vector3f& angles,
                                   const std::vector<int>& previous, const ChoiceOptions& options = {});

// How much each coefficient of speech counts in the likeness of two mouths, mean 1: by how far it moves the
// lips in the picture, damped, because what moves them little still moves the cheeks and the chin.
Eigen::VectorXf mouth_weights(const mesh::FaceModel& model);

// How unlike two mouths are: squared distance of the coefficients of speech, each by its weight, and of the
// poses, 8 degrees counting as one sigma of expression.
float mouth_distance(const BankEntry& entry, const Eigen::VectorXf& expression,
                     const Eigen::VectorXf& mouth_weights, const Eigen::Vector3f& angles);

// choose_references, and after them kCompanions more that share the slots with them (slot_of): those that the
// best mean of the nearest entries gives most weight (reference_trust). A companion that would add nothing
// repeats the first entry of its slot. Empty when choose_references is. `previous`: last frame's answer, or
// empty.
std::vector<int> choose_lenders(const std::vector<BankEntry>& bank, const Eigen::VectorXf& expression,
                                const Eigen::VectorXf& mouth_weights, const Eigen::Vector3f& angles,
                                const std::vector<int>& previous, const ChoiceOptions& options = {});

// What each of the chosen entries (choose_references or choose_lenders) is worth: its weight in the mean that
// is likely nearest to the unknown picture, scaled so that the best slot's weights sum to 1. The weights are
// those of ordinary kriging, without negative ones: two pictures differ (squared) by an amount that grows
// with the root of their distance in mouth shape and pose (docs/training.md), so that an entry counts less
// the farther it is, and less when others beside it say the same. Repeated companions get 0; a little is left
// to every other entry.
std::vector<float> reference_trust(const std::vector<BankEntry>& bank, const std::vector<int>& chosen,
                                   const Eigen::VectorXf& expression, const Eigen::VectorXf& mouth_weights,
                                   const Eigen::Vector3f& angles);

// How far off the mean of the chosen entries is likely to be, against how far they lie from it themselves
// (root mean square): about 1 in the midst of them, more where the wanted mouth is like none of them.
// Infinite when they are one and the same, which says nothing of their error.
float mean_doubt(const std::vector<BankEntry>& bank, const std::vector<int>& chosen,
                 const Eigen::VectorXf& expression, const Eigen::VectorXf& mouth_weights,
                 const Eigen::Vector3f& angles);

}  // namespace resyncer::generator
