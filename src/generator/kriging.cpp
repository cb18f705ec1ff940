#include "generator/kriging.h"

#include <Eigen/LU>
#include <vector>

namespace resyncer::generator {

namespace {

// Without the bound: the weights of the pictures in `active`, by Lagrange's multiplier.
Eigen::VectorXf unbounded(const Eigen::MatrixXf& between, const Eigen::VectorXf& to_unknown,
                          const std::vector<Eigen::Index>& active) {
  const auto n = Eigen::Index(active.size());
  Eigen::MatrixXd system = Eigen::MatrixXd::Ones(n + 1, n + 1);
  Eigen::VectorXd right = Eigen::VectorXd::Ones(n + 1);
  system(n, n) = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    right[i] = double(to_unknown[active[std::size_t(i)]]);
    for (Eigen::Index j = 0; j < n; ++j)
      system(i, j) = double(between(active[std::size_t(i)], active[std::size_t(j)]));
  }
  return system.partialPivLu().solve(right).head(n).cast<float>();
}

}  // namespace

Eigen::VectorXf kriging_weights(const Eigen::MatrixXf& between, const Eigen::VectorXf& to_unknown) {
  std::vector<Eigen::Index> active;
  for (Eigen::Index i = 0; i < to_unknown.size(); ++i) active.push_back(i);
  while (true) {  // the most negative is left out, until none is
    const Eigen::VectorXf weights = unbounded(between, to_unknown, active);
    Eigen::Index worst = 0;
    if (active.size() > 1 && !(weights.minCoeff(&worst) >= 0)) {
      active.erase(active.begin() + worst);
      continue;
    }
    Eigen::VectorXf all = Eigen::VectorXf::Zero(to_unknown.size());
    for (std::size_t i = 0; i < active.size(); ++i) all[active[i]] = weights[Eigen::Index(i)];
    return all;
  }
}

}  // namespace resyncer::generator
