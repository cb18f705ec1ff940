#include "landmark_model.h"

#include <algorithm>
#include <array>

#include "face_shape.h"
#include "landmark_file.h"

namespace resyncer::track {

LandmarkModel::LandmarkModel(const std::filesystem::path& path) { LandmarkFile(path).read(this); }

core::Landmarks LandmarkModel::predict(const core::ImageU8& chip, float box_left, float box_side) const {
  core::Landmarks shape = mean_;
  std::vector<float> values;
  auto* shape_values = shape[0].data();
  for (const auto& stage : stages_) {
    // The pixels to look at move, turn and grow with the shape found so far.
    Eigen::Matrix2f turn = align(mean_, shape, uniform_weights()).linear() * box_side;
    values.resize(stage.pixels.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto& pixel = stage.pixels[i];
      core::Point2 p = turn * core::Point2(pixel.dx, pixel.dy) + shape[pixel.anchor] * box_side;
      int x = std::clamp(int(p.x() + box_left), 0, chip.width - 1);
      int y = std::clamp(int(p.y() + box_left), 0, chip.height - 1);
      values[i] = chip.at(x, y);
    }
    int splits = stage.tree_leaves - 1;
    for (int t = 0; t < stage.trees; ++t) {
      const Split* tree = stage.splits.data() + std::size_t(t) * splits;
      int node = 0;
      while (node < splits)
        node = 2 * node + (values[tree[node].a] - values[tree[node].b] > tree[node].threshold ? 1 : 2);
      const float* leaf =
          stage.leaves.data() + (std::size_t(t) * stage.tree_leaves + (node - splits)) * 2 * core::kLandmarks;
      for (int k = 0; k < 2 * core::kLandmarks; ++k) shape_values[k] += leaf[k];
    }
  }
  for (auto& p : shape) p = p * box_side + core::Point2(box_left, box_left);
  return shape;
}

}  // namespace resyncer::track
