// Reading of dlib's serialized shape_predictor, with every count and index checked against the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "landmark_model.h"

namespace resyncer::track {

class LandmarkFile {
 public:
  explicit LandmarkFile(const std::filesystem::path& path);
  void read(LandmarkModel* model);

 private:
  std::int64_t integer();
  float number();
  std::size_t count(std::size_t most);
  // Appends a column vector of `rows` floats.
  void column(std::size_t rows, std::vector<float>* out);
  void tree(LandmarkModel::Stage* stage);
  void stage_pixels(std::vector<LandmarkModel::Stage>* stages);
  [[noreturn]] void fail(const std::string& what) const;

  std::string place_;
  std::vector<std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

}  // namespace resyncer::track
