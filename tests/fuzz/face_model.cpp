#include "resyncer/mesh/face_model.h"

#include "fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    mesh::FaceModel model = mesh::load_face_model(file.path());
    Eigen::VectorXf id = Eigen::VectorXf::Ones(model.identity_count());
    mesh::Vertices control = mesh::control_vertices(model, id, model.wide_open);
    fuzz::require(mesh::dense_vertices(model, control).allFinite());
  });
}
