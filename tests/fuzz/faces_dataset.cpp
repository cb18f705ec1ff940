#include "train/faces_dataset.h"

#include "fuzz/fuzz_input.h"

namespace {
// Any face will do: the extents count.
resyncer::mesh::FaceModel small_model() {
  Eigen::Matrix<float, 68, 3, Eigen::RowMajor> landmarks;
  for (int i = 0; i < 68; ++i) landmarks.row(i) << float(i % 9) - 4, float(i % 7) - 3, float(i % 5);
  Eigen::MatrixXf basis = Eigen::MatrixXf::Ones(204, 1);
  return resyncer::mesh::build_face_model(landmarks, basis, basis, 1);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  static const mesh::FaceModel model = small_model();
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    train::FacesDataset dataset({file.path()}, model, 4);
    for (train::FrameId frame : dataset.frames()) {
      dataset.picture(frame);
      dataset.vertices(frame, train::FacesDataset::Shape::wide_open);
      dataset.choose(frame, 1);
    }
  });
}
