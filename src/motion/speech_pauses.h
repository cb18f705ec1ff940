// Where nobody speaks. `speaking`: the gate, two feature frames a mesh.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "resyncer/motion/sync_former.h"

namespace resyncer::motion {

// Of every mesh: speech is less than half a second away. All of them when the gate is not known (empty).
std::vector<bool> near_speech(const std::vector<bool>& speaking, Eigen::Index meshes);

// Where nobody speaks the mouth eases to rest, and off it again just before the next word.
void ease_to_rest(const std::vector<bool>& speaking, const Eigen::VectorXf& rest, Coefficients* meshes);

}  // namespace resyncer::motion
