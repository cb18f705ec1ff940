#include "fuzz/fuzz_input.h"
#include "resyncer/motion/motion_file.h"

namespace {

// The cage without a shape: vertices at the origin, and two expressions that move them.
resyncer::mesh::FaceModel flat_model() {
  resyncer::mesh::FaceModel model;
  model.neutral = resyncer::mesh::Vertices::Zero(127, 3);
  model.identity = Eigen::MatrixXf::Zero(381, 1);
  model.expression = Eigen::MatrixXf::Zero(381, 2);
  model.expression.col(0).setConstant(0.1F);
  model.expression(7, 1) = 0.5F;
  model.speech_count = 2;
  return model;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  static const mesh::FaceModel model = flat_model();
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    const motion::PointCacheMotion read =
        motion::read_point_cache(file.path(), model, Eigen::VectorXf::Zero(1), 2);
    fuzz::require(read.expression.rows() == 2 && read.expression.cols() == 2);
    fuzz::require(read.expression.cwiseAbs().maxCoeff() <= motion::kMostCoefficient && read.misfit < 1000);
  });
}
