// Where a speaker's mouth is when nobody speaks, told by how it moves in recorded video.
#pragma once

#include <vector>

#include "resyncer/motion/sync_former.h"

namespace resyncer::motion {

// `meshes`: consecutive frames of somebody, at 24 to 30 Hz or so; `openness`: of each, height over width of
// the inner lips (mesh::lip_openness). A mouth at rest keeps still for a third of a second, and is nearly
// shut: the mean of the more closed half of such meshes; without any the mean of the most closed tenth, and
// where these are not shut either (somebody who smiles) with the lips drawn together: `parting`
// (StyleSyncFormer::lips_parting) is what raises the openness by 1. Zeros without any mesh.
Eigen::VectorXf rest_pose(const Coefficients& meshes, const std::vector<float>& openness,
                          const Eigen::VectorXf& parting);

}  // namespace resyncer::motion
