// The weights of a mean of pictures that is likely nearest to one that is not known (private to generator).
#pragma once

#include <Eigen/Core>

namespace resyncer::generator {

// Ordinary kriging (Matheron 1963): of all weights w >= 0 with sum 1 those with the least expected squared
// error 2 w.g - w.G.w, where G(i, j) is half the expected squared difference of pictures i and j (0 on the
// diagonal) and g(i) that of picture i and the unknown one. Continuous in both. At least one picture.
Eigen::VectorXf kriging_weights(const Eigen::MatrixXf& between, const Eigen::VectorXf& to_unknown);

}  // namespace resyncer::generator
